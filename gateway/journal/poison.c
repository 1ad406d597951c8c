/* Two small files beside the segments.
 *
 *   in_hand  struct hand_cell, mapped, in the order of bytes of this machine: scratch that means nothing
 *            elsewhere. It takes one store a frame and no system call, and the kernel keeps it when the
 *            process dies; a power cut may take it, and then a crash more is needed. SIGKILL leaves the
 *            sequence without a signal: that blames nobody.
 *   poison   replaced as a whole, so that it is the old list or the new one; little-endian:
 *            "CGWPOISN", u32 version, u32 n, n rows, u64 XXH3 of all before
 *            row: u64 journal id, u64 sequence, u64 run that crashed last, i64 wall time (us), u32
 *            signal, u32 crashes
 *
 * A mark is first counted in the list and then wiped. A kill in between would count it twice, so a row
 * remembers which run it was told by. */
#include "journal/poison.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"

#define VERSION 1u
#define LIST_BYTES_MOST ((size_t)16 << 20)
#define HAND_BYTES 4096u

static const char list_magic[8] = { 'C', 'G', 'W', 'P', 'O', 'I', 'S', 'N' };
static const char hand_magic[8] = { 'C', 'G', 'W', 'H', 'A', 'N', 'D', '1' };

struct row {
    uint64_t journal_id, sequence, run;
    int64_t at_us;
    uint32_t signal, crashes;
};

struct poison {
    struct row *rows;
    size_t n;
};

struct hand {
    struct file_map map;
    struct hand_cell *cell;
};

#define LIST_DAMAGED 1
#define LIST_NEWER 2

static void name_file(const char *path, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%s", path, name);
}

static void read_row(struct cursor *c, struct row *out)
{
    out->journal_id = cursor_u64(c);
    out->sequence = cursor_u64(c);
    out->run = cursor_u64(c);
    out->at_us = cursor_i64(c);
    out->signal = cursor_u32(c);
    out->crashes = cursor_u32(c);
}

static int read_rows(struct slice all, struct poison *out)
{
    struct cursor c = cursor_of(all);
    struct slice magic = cursor_bytes(&c, sizeof list_magic);
    uint32_t version = cursor_u32(&c), n = cursor_u32(&c);

    if (c.has_failed || memcmp(magic.at, list_magic, sizeof list_magic) != 0)
        return LIST_DAMAGED;
    if (version > VERSION)
        return LIST_NEWER;
    if (n > LIST_BYTES_MOST / sizeof(struct row) || !(out->rows = calloc((size_t)n + 1, sizeof *out->rows)))
        return LIST_DAMAGED;
    for (out->n = 0; out->n < n; out->n++)
        read_row(&c, &out->rows[out->n]);
    struct slice summed = { all.at, all.size >= 8 ? all.size - 8 : 0 };
    bool is_whole = cursor_u64(&c) == hash_bytes(summed, 0) && !c.has_failed && c.at == c.end;
    return is_whole ? 0 : LIST_DAMAGED;
}

/* 0 also when there is none; LIST_DAMAGED, LIST_NEWER, or negative. Empty unless 0. */
static int read_list(const char *file, struct poison *out)
{
    char *bytes = NULL;
    size_t size = 0;
    int rc = file_read_all(file, LIST_BYTES_MOST, &bytes, &size);
    *out = (struct poison){ 0 };
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = read_rows((struct slice){ (const uint8_t *)bytes, size }, out);
    free(bytes);
    if (rc != 0) {
        free(out->rows);
        *out = (struct poison){ 0 };
    }
    return rc;
}

void poison_open(const char *path, struct poison **out)
{
    char file[PATH_MAX];
    struct poison *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    name_file(path, "poison", file);
    int rc = read_list(file, p);
    if (rc != 0)
        log_line(LOG_ERROR, "poison.unreadable", "file=%s – the list of frames that are set aside %s; "
                 "none is skipped", file, rc == LIST_NEWER ? "is of a newer version" : "cannot be read");
    *out = p;
}

void poison_close(struct poison *p)
{
    if (!p)
        return;
    free(p->rows);
    free(p);
}

static struct row *find(const struct poison *p, uint64_t journal_id, uint64_t sequence)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->rows[i].sequence == sequence && p->rows[i].journal_id == journal_id)
            return &p->rows[i];
    return NULL;
}

bool poison_has(const struct poison *p, uint64_t journal_id, uint64_t sequence)
{
    const struct row *row = find(p, journal_id, sequence);
    return row && row->crashes >= POISON_CRASHES;
}

/* Counting. */

static int write_list(const char *file, const struct poison *p)
{
    struct buffer b = { 0 };
    buffer_put(&b, list_magic, sizeof list_magic);
    buffer_put_u32(&b, VERSION);
    buffer_put_u32(&b, (uint32_t)p->n);
    for (size_t i = 0; i < p->n; i++) {
        const struct row *r = &p->rows[i];
        buffer_put_u64(&b, r->journal_id);
        buffer_put_u64(&b, r->sequence);
        buffer_put_u64(&b, r->run);
        buffer_put_i64(&b, r->at_us);
        buffer_put_u32(&b, r->signal);
        buffer_put_u32(&b, r->crashes);
    }
    buffer_put_u64(&b, hash_bytes(buffer_slice(&b), 0));
    int rc = file_replace(file, buffer_slice(&b));
    buffer_fini(&b);
    return rc < 0 ? err_raise(rc, "%s: cannot be written", file) : 0;
}

/* The list to count in. One that is damaged is kept for the operator; one of a newer version is left. */
static int list_for_counting(const char *path, const char *file, struct poison *out)
{
    int rc = read_list(file, out);
    if (rc == LIST_DAMAGED) {
        char aside[PATH_MAX];
        name_file(path, "poison.damaged", aside);
        rc = file_rename(file, aside);
    }
    if (rc == LIST_NEWER)
        return err_raise(-ENOTSUP, "%s: is of a newer version, nothing is counted in it", file);
    return rc < 0 ? err_raise(rc, "%s: cannot be read", file) : 0;
}

static struct row *row_for(struct poison *p, const struct hand_cell *c)
{
    struct row *row = find(p, c->journal_id, atomic_load(&c->sequence));
    if (row)
        return row;
    struct row *rows = reallocarray(p->rows, p->n + 1, sizeof *rows);
    if (!rows)
        abort();
    p->rows = rows;
    row = &p->rows[p->n++];
    *row = (struct row){ .journal_id = c->journal_id, .sequence = atomic_load(&c->sequence) };
    return row;
}

static void tell(const char *path, const struct row *r)
{
    if (r->crashes < POISON_CRASHES)
        log_line(LOG_WARN, "poison.suspect", "journal=%s sequence=%llu signal=%u – the last run died while "
                 "it had this message in hand; taken once more, set aside if that ends the same way", path,
                 (unsigned long long)r->sequence, r->signal);
    else
        log_line(LOG_ERROR, "poison.set_aside", "journal=%s sequence=%llu signal=%u crashes=%u – this "
                 "message brought the gateway down and is skipped, now and in every replay; report it with "
                 "what the rejected topic has of it", path, (unsigned long long)r->sequence, r->signal,
                 r->crashes);
}

static int count(const char *path, const struct hand_cell *c)
{
    char file[PATH_MAX];
    struct poison list;

    name_file(path, "poison", file);
    int rc = list_for_counting(path, file, &list);
    if (rc < 0)
        return rc;
    struct row *row = row_for(&list, c);
    if (row->run != c->run) {
        row->run = c->run;
        row->signal = atomic_load(&c->signal);
        row->at_us = clock_read().wall_us;
        row->crashes++;
        rc = write_list(file, &list);
    }
    if (rc == 0)
        tell(path, row);
    free(list.rows);
    return rc;
}

/* The hand. */

static int map_hand(const char *file, struct file_map *out)
{
    int rc = file_allocate(file, HAND_BYTES);
    if (rc < 0 && rc != -EEXIST)
        return err_raise(rc, "%s: cannot be made", file);
    rc = file_map(file, true, out);
    if (rc == 0 && out->size < HAND_BYTES) {
        file_unmap(out);
        rc = -EINVAL;
    }
    return rc < 0 ? err_raise(rc, "%s: cannot be mapped; remove it", file) : 0;
}

static void begin(struct hand_cell *c, uint64_t journal_id)
{
    atomic_store(&c->signal, 0);
    atomic_store(&c->sequence, 0);
    memcpy(c->magic, hand_magic, sizeof hand_magic);
    c->journal_id = journal_id;
    c->run = clock_random_u64() | 1;     /* never 0, which a new row has */
}

int hand_open(const char *path, uint64_t journal_id, struct hand **out)
{
    char file[PATH_MAX];
    struct file_map map = { 0 };

    name_file(path, "in_hand", file);
    int rc = map_hand(file, &map);
    if (rc < 0)
        return rc;
    struct hand_cell *c = (struct hand_cell *)(void *)map.at;
    bool is_marked = memcmp(c->magic, hand_magic, sizeof hand_magic) == 0 &&
                     atomic_load(&c->signal) != 0 && atomic_load(&c->sequence) != 0;
    rc = is_marked ? count(path, c) : 0;
    if (rc < 0) {
        file_unmap(&map);
        return rc;
    }
    begin(c, journal_id);
    struct hand *h = calloc(1, sizeof *h);
    if (!h)
        abort();
    *h = (struct hand){ map, c };
    *out = h;
    return 0;
}

void hand_close(struct hand *h)
{
    if (!h)
        return;
    file_unmap(&h->map);
    free(h);
}

void hand_take(struct hand *h, uint64_t sequence)
{
    if (h)
        atomic_store_explicit(&h->cell->sequence, sequence, memory_order_release);
}

void hand_mark(void *hand, int number)
{
    struct hand *h = hand;
    if (atomic_load(&h->cell->sequence) != 0)
        atomic_store(&h->cell->signal, (uint32_t)number);
}
