/* The writing side of a journal.
 *
 * Appending is a copy into a shared mapping, so the frame is the kernel's the moment it is copied and
 * a kill cannot take it back. No lock, no system call, until a segment is full. Then the writer takes
 * the segment that a worker prepared (allocated at full length, synced together with its directory,
 * mapped), writes the header into it and goes on: still no system call.
 *
 * What a power cut leaves is the business of journal_sync. It goes through the segments in order, from
 * the oldest with unsynced frames to the one being written, and only then says "synced": so the header
 * of a rolled segment, which the roll left in memory, is on disk before the first frame in it counts as
 * synced, and never is a frame counted whose predecessors are not. A prepared segment stands in the
 * directory under its final name with no header in it. If that is what a crash leaves, it is empty and
 * the next opening removes it; no rename has to become durable at a roll.
 *
 * Clock frames are put in front of a frame when it is the first of its segment or since opening, when
 * wall − boottime moved by more than a millisecond (asked twice: a thread that is descheduled between
 * reading the two clocks sees a jump that is none), or when the synchronised flag changed. The flag
 * costs a system call, so it is asked for at each clock frame, and watched once a second by
 * journal_sync; append only reads a bool. */
#include "journal/journal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "journal/inside.h"

#define OFFSET_SHIFT_US 1000
#define CLOCK_WATCH_US  1000000u

uint64_t journal_id(const struct journal *j)
{
    return j->id;
}

uint64_t journal_end(const struct journal *j)
{
    return atomic_load_explicit(&j->end, memory_order_acquire);
}

void journal_close(struct journal *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->n_kept; i++) {
        segment_close(&j->kept[i]->s);
        free(j->kept[i]);
    }
    free(j->kept);
    segment_close(&j->spare);
    if (j->lock_fd >= 0)
        close(j->lock_fd);
    pthread_mutex_destroy(&j->list_lock);
    pthread_mutex_destroy(&j->spare_lock);
    pthread_mutex_destroy(&j->sync_lock);
    free(j->path);
    free(j);
}

void journal_keep(struct journal *j, struct kept *k)
{
    pthread_mutex_lock(&j->list_lock);
    if (j->n_kept == j->room) {
        j->room = j->room == 0 ? 64 : 2 * j->room;
        j->kept = realloc(j->kept, j->room * sizeof *j->kept);
        if (j->kept == NULL)
            abort();
    }
    j->kept[j->n_kept++] = k;
    pthread_mutex_unlock(&j->list_lock);
}

/* With spare_lock held. A file that cannot be mapped is removed, or it would stand in the way of the
 * next try. */
static int make_spare(struct journal *j)
{
    char path[PATH_MAX];
    segment_path(j->path, j->next_ordinal, path, sizeof path);
    int rc = file_allocate(path, j->segment_bytes);
    if (rc == -ENOSPC || rc == -EDQUOT)
        return JOURNAL_FULL;
    if (rc < 0)
        return err_raise(rc, "journal %s: cannot allocate a segment of %zu bytes", path,
                         j->segment_bytes);
    rc = file_map(path, true, &j->spare.map);
    if (rc < 0) {
        file_remove(path);
        return err_raise(rc, "journal %s: cannot map the new segment", path);
    }
    j->spare.ordinal = j->next_ordinal++;
    atomic_store(&j->has_spare, true);
    crash_point("journal.prepared");
    return 0;
}

bool journal_wants_spare(const struct journal *j)
{
    return !j->is_read_only && atomic_load(&j->is_half_full) && !atomic_load(&j->has_spare);
}

int journal_prepare(struct journal *j)
{
    if (j->is_read_only)
        return 0;
    pthread_mutex_lock(&j->spare_lock);
    int rc = atomic_load(&j->has_spare) ? 0 : make_spare(j);
    pthread_mutex_unlock(&j->spare_lock);
    return rc;
}

/* The segment to come out of the spare's place, made now if nobody did. */
static int take_spare(struct journal *j, struct segment *out)
{
    int rc = 0;
    pthread_mutex_lock(&j->spare_lock);
    if (!atomic_load(&j->has_spare)) {
        rc = make_spare(j);
        if (rc == 0 && j->current != NULL)
            atomic_fetch_add(&j->rolls_waited, 1);
    }
    if (rc == 0) {
        *out = j->spare;
        j->spare = (struct segment){0};
        atomic_store(&j->has_spare, false);
    }
    pthread_mutex_unlock(&j->spare_lock);
    return rc;
}

/* What was written until now is whole: journal_sync may give its map back once it is synced. */
static void retire_current(struct journal *j)
{
    if (j->current == NULL)
        return;
    pthread_mutex_lock(&j->list_lock);
    j->current->last = journal_end(j);
    pthread_mutex_unlock(&j->list_lock);
    j->current = NULL;
    atomic_fetch_add(&j->rolls, 1);
}

int journal_roll(struct journal *j)
{
    struct segment s = {0};
    int rc = take_spare(j, &s);
    if (rc != 0)
        return rc;
    crash_point("journal.spare_taken");
    struct kept *k = calloc(1, sizeof *k);
    if (k == NULL)
        abort();
    s.journal_id = j->id;
    s.epoch = clock_random_u64();
    s.previous = journal_end(j);
    s.first = j->next;
    s.begun_wall_us = clock_read().wall_us;
    segment_begin(&s);
    crash_point("journal.begun");

    retire_current(j);
    *k = (struct kept){ .s = s, .last = UINT64_MAX, .bytes = s.map.size };
    journal_keep(j, k);
    j->current = k;
    j->offset = SEGMENT_FRAMES_AT;
    j->half = s.map.size / 2;
    atomic_store(&j->is_half_full, false);
    return 0;
}

static bool has_offset_moved(const struct journal *j, const struct clock_now *now)
{
    int64_t moved_us = now->wall_us - (int64_t)now->boottime_us - j->clock.offset_us;
    return moved_us > OFFSET_SHIFT_US || moved_us < -OFFSET_SHIFT_US;
}

/* The times of a frame; whether a clock frame has to stand before it. */
static bool read_clocks(struct journal *j, struct clock_now *now)
{
    *now = clock_read();
    if (atomic_load_explicit(&j->is_clock_due, memory_order_relaxed))
        return true;
    if (!has_offset_moved(j, now))
        return false;
    *now = clock_read();
    return has_offset_moved(j, now);
}

static void put_frame(struct journal *j, struct frame *f, const struct clock_now *now)
{
    f->sequence = j->next++;
    f->boottime_us = now->boottime_us;
    j->offset += segment_put(&j->current->s, j->offset, f);
}

static void put_clock(struct journal *j, const struct clock_now *now)
{
    atomic_store(&j->is_clock_due, false);
    j->clock.offset_us = now->wall_us - (int64_t)now->boottime_us;
    j->clock.is_synchronised = clock_is_synchronised();
    atomic_store(&j->is_synchronised, j->clock.is_synchronised);

    uint8_t rest[SEGMENT_CLOCK_REST];
    segment_clock_write(&j->clock, rest);
    struct frame f = { .kind = FRAME_CLOCK, .rest = { rest, sizeof rest } };
    put_frame(j, &f, now);
}

static int check_frame(const struct journal *j, const struct frame *f)
{
    if (j->is_read_only)
        return err_raise(-EROFS, "journal %s: is open for reading only", j->path);
    if (f->kind == FRAME_CLOCK)
        return err_raise(-EINVAL, "journal %s: clock frames are written by the journal", j->path);
    if (f->topic.size > UINT16_MAX || f->rest.size > JOURNAL_BODY_MAX ||
        f->topic.size + f->rest.size > JOURNAL_BODY_MAX)
        return err_raise(-EMSGSIZE, "journal %s: a frame with a topic of %zu and a rest of %zu bytes",
                         j->path, f->topic.size, f->rest.size);
    return 0;
}

/* One writer: what it alone writes needs no locked instruction. */
static void count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static void publish(struct journal *j, const struct frame *f)
{
    atomic_store_explicit(&j->end, f->sequence, memory_order_release);
    count(&j->frames, 1);
    count(&j->body_bytes, f->topic.size + f->rest.size);
    if (j->offset > j->half)
        atomic_store_explicit(&j->is_half_full, true, memory_order_relaxed);
}

int journal_append(struct journal *j, struct frame *f)
{
    int rc = check_frame(j, f);
    if (rc != 0)
        return rc;

    struct clock_now now;
    bool needs_clock = read_clocks(j, &now);
    size_t size = segment_frame_size(f->topic.size, f->rest.size);
    if (needs_clock)
        size += segment_frame_size(0, SEGMENT_CLOCK_REST);
    if (j->current == NULL || j->current->s.map.size - j->offset < size) {
        rc = journal_roll(j);
        if (rc != 0)
            return rc;
        needs_clock = true;
    }
    if (needs_clock)
        put_clock(j, &now);
    put_frame(j, f, &now);
    publish(j, f);
    crash_point("journal.appended");
    return 0;
}

/* Asks the kernel once a second whether it still holds its clock for synchronised. */
static void watch_clock(struct journal *j)
{
    uint64_t now_us = clock_read().boottime_us;
    if (now_us - j->watched_us < CLOCK_WATCH_US)
        return;
    j->watched_us = now_us;
    if (clock_is_synchronised() != atomic_load(&j->is_synchronised))
        atomic_store(&j->is_clock_due, true);
}

/* The map of the oldest segment with unsynced frames, and how far syncing it reaches. The map stays
 * open: only note_synced closes maps, and journal_trim leaves alone what is not synced. */
static void find_unsynced(struct journal *j, struct file_map *map, uint64_t *ordinal,
                          uint64_t *reaches)
{
    pthread_mutex_lock(&j->list_lock);
    size_t i = 0;
    while (j->kept[i]->last <= atomic_load(&j->synced))
        i++;
    const struct kept *k = j->kept[i];
    *map = k->s.map;
    *ordinal = k->s.ordinal;
    *reaches = k->last == UINT64_MAX ? journal_end(j) : k->last;
    pthread_mutex_unlock(&j->list_lock);
}

static void note_synced(struct journal *j, uint64_t sequence)
{
    pthread_mutex_lock(&j->list_lock);
    atomic_store(&j->synced, sequence);
    for (size_t i = 0; i < j->n_kept; i++)
        if (j->kept[i]->last <= sequence)
            segment_close(&j->kept[i]->s);
    pthread_mutex_unlock(&j->list_lock);
}

static int sync_oldest(struct journal *j)
{
    struct file_map map;
    uint64_t ordinal, reaches;
    find_unsynced(j, &map, &ordinal, &reaches);
    int rc = file_sync(&map);
    if (rc < 0)
        return err_raise(rc, "journal %s: cannot sync segment %" PRIu64
                         " – what is not synced may be lost, nothing more is acknowledged",
                         j->path, ordinal);
    note_synced(j, reaches);
    return 0;
}

int journal_sync(struct journal *j, uint64_t sequence)
{
    if (j->is_read_only)
        return 0;
    uint64_t end = journal_end(j);
    if (sequence > end)
        sequence = end;

    pthread_mutex_lock(&j->sync_lock);
    watch_clock(j);
    bool is_work = false;
    while (j->sync_rc == 0 && atomic_load(&j->synced) < sequence) {
        j->sync_rc = sync_oldest(j);
        is_work = true;
    }
    int rc = j->sync_rc;
    pthread_mutex_unlock(&j->sync_lock);
    if (is_work && rc == 0)
        crash_point("journal.synced");
    return rc;
}

void journal_figures(const struct journal *j, struct journal_figures *out)
{
    struct journal *shared = (struct journal *)(uintptr_t)j;   /* a lock changes nothing */
    struct journal_figures f = {
        .rolls = atomic_load(&j->rolls),
        .rolls_waited = atomic_load(&j->rolls_waited),
        .frames = atomic_load_explicit(&j->frames, memory_order_relaxed),
        .body_bytes = atomic_load_explicit(&j->body_bytes, memory_order_relaxed),
        .synced = atomic_load(&j->synced),
        .bytes = atomic_load(&j->has_spare) ? j->segment_bytes : 0,
    };
    pthread_mutex_lock(&shared->list_lock);
    f.segments = j->n_kept;
    for (size_t i = 0; i < j->n_kept; i++)
        f.bytes += j->kept[i]->bytes;
    pthread_mutex_unlock(&shared->list_lock);
    *out = f;
}

uint64_t journal_bytes_behind(const struct journal *j, uint64_t committed)
{
    struct journal *shared = (struct journal *)(uintptr_t)j;   /* a lock changes nothing */
    uint64_t bytes = 0;
    pthread_mutex_lock(&shared->list_lock);
    for (size_t i = 0; i < j->n_kept; i++)
        if (j->kept[i]->last != UINT64_MAX && j->kept[i]->last > committed)
            bytes += j->kept[i]->bytes;
    pthread_mutex_unlock(&shared->list_lock);
    return bytes;
}
