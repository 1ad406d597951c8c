/* The format of a segment. All integers little-endian; offsets in bytes.
 *
 *   +0     segment header
 *          +0   8 bytes  "CGWJRNL" and a NUL; written last: without it the segment is not begun
 *          +8   u32      format version, 1
 *          +12  u32      0
 *          +16  u64      journal id, drawn when the journal was created
 *          +24  u64      epoch, drawn for this segment
 *          +32  u64      ordinal, as in the file's name
 *          +40  u64      previous: the last frame before this segment, 0 for none
 *          +48  u64      first: the number of its first frame; beyond previous + 1: a declared jump
 *          +56  i64      UTC microseconds at which the segment was begun
 *          +64  u64      XXH3-64, seed 0, of the 64 bytes before
 *          +72  zeros to +4096
 *   +4096  frames, one behind the other, each beginning at a multiple of 8
 *          +0   u32      length of the body; written last
 *          +4   u32      checksum: the low half of XXH3-64, seeded with the epoch, of everything from
 *                        +8 to the end of the body. The length is covered as the size of what is hashed
 *          +8   u64      sequence
 *          +16  u64      boottime, microseconds
 *          +24  body     u8 kind, u8 flags, u16 topic size, topic, rest (model/frame.h)
 *               zeros to the next multiple of 8; written as zeros, never looked at
 *   then zeros to the end of the file
 *
 * A frame counts if and only if its length fits the segment and JOURNAL_BODY_MAX, its topic fits its
 * body, the checksum holds and its sequence is the one before plus 1, or `first` at +4096. The epoch
 * is in no other segment, so nothing that a disk gives back from elsewhere passes for a frame of ours.
 *
 * The length is stored with release order when all else stands, and loaded with acquire: another
 * thread or process never sees half a frame, and a kill leaves a length of 0, which is "not there".
 * So bytes that are there and do not count are damage (or the torn tail of a power cut), never a
 * writer at work. The same holds for the first word of the segment header.
 *
 * Behind damage valid frames are found again by trying every multiple of 8 for a frame whose checksum
 * holds and whose number could stand there: greater than the one missing, by no more than the frames
 * for which there is room in between. */
#include "journal/segment.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "journal/journal.h"

#define MAGIC UINT64_C(0x004c4e524a574743)   /* "CGWJRNL\0" */
#define HEADER_HASHED 64u
#define FRAME_HEAD 24u
#define BODY_HEAD 4u

static uint32_t load_u32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return le32toh(v);
}

static uint64_t load_u64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return le64toh(v);
}

static uint16_t load_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static void store_u32(uint8_t *at, uint32_t v)
{
    v = htole32(v);
    memcpy(at, &v, sizeof v);
}

static void store_u64(uint8_t *at, uint64_t v)
{
    v = htole64(v);
    memcpy(at, &v, sizeof v);
}

/* Frames and the header stand at multiples of 8 of a mapping, so these are single loads and stores. */
static uint32_t length_load(const uint8_t *at)
{
    return le32toh(atomic_load_explicit((const _Atomic uint32_t *)(const void *)at,
                                        memory_order_acquire));
}

static void length_store(uint8_t *at, uint32_t length)
{
    atomic_store_explicit((_Atomic uint32_t *)(void *)at, htole32(length), memory_order_release);
}

static uint64_t magic_load(const uint8_t *at)
{
    return le64toh(atomic_load_explicit((const _Atomic uint64_t *)(const void *)at,
                                        memory_order_acquire));
}

static void magic_store(uint8_t *at)
{
    atomic_store_explicit((_Atomic uint64_t *)(void *)at, htole64(MAGIC), memory_order_release);
}

void segment_path(const char *directory, uint64_t ordinal, char *out, size_t room)
{
    snprintf(out, room, "%s/%012" PRIu64 ".segment", directory, ordinal);
}

void segment_path_set_aside(const char *directory, uint64_t ordinal, char *out, size_t room)
{
    snprintf(out, room, "%s/%012" PRIu64 ".segment.damaged", directory, ordinal);
}

bool segment_name_parse(const char *name, uint64_t *ordinal, bool *is_set_aside)
{
    size_t digits = strspn(name, "0123456789");
    if (digits < 12 || digits > 18)
        return false;
    const char *ending = name + digits;
    bool is_whole = strcmp(ending, ".segment") == 0;
    if (!is_whole && strcmp(ending, ".segment.damaged") != 0)
        return false;
    *ordinal = strtoull(name, NULL, 10);
    *is_set_aside = !is_whole;
    return true;
}

void segment_list_add(struct segment_list *list, const struct segment_found *found)
{
    if (list->n == list->room) {
        list->room = list->room == 0 ? 64 : 2 * list->room;
        list->at = realloc(list->at, list->room * sizeof *list->at);
        if (list->at == NULL)
            abort();
    }
    list->at[list->n++] = *found;
}

static void on_name(void *self, const char *name)
{
    struct segment_found found = {0};
    if (segment_name_parse(name, &found.ordinal, &found.is_set_aside))
        segment_list_add(self, &found);
}

static int by_ordinal(const void *a, const void *b)
{
    const struct segment_found *x = a, *y = b;
    return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

void segment_list_sort(struct segment_list *list)
{
    if (list->n > 1)
        qsort(list->at, list->n, sizeof *list->at, by_ordinal);
}

int segment_list_read(const char *directory, struct segment_list *out)
{
    struct segment_list list = {0};
    int rc = file_list(directory, on_name, &list);
    if (rc < 0) {
        free(list.at);
        return rc;
    }
    segment_list_sort(&list);
    *out = list;
    return 0;
}

int segment_header_read(struct segment *s, uint64_t ordinal)
{
    const uint8_t *h = s->map.at;
    uint64_t magic = magic_load(h);
    if (magic == 0)
        return SEGMENT_UNBEGUN;
    if (magic != MAGIC)
        return SEGMENT_DAMAGED;
    s->version = load_u32(h + 8);
    if (s->version > SEGMENT_VERSION)
        return SEGMENT_NEWER;
    if (hash_bytes((struct slice){ h, HEADER_HASHED }, 0) != load_u64(h + 64))
        return SEGMENT_DAMAGED;
    s->journal_id = load_u64(h + 16);
    s->epoch = load_u64(h + 24);
    s->ordinal = load_u64(h + 32);
    s->previous = load_u64(h + 40);
    s->first = load_u64(h + 48);
    s->begun_wall_us = (int64_t)load_u64(h + 56);
    bool is_sound = s->version == SEGMENT_VERSION && s->ordinal == ordinal && s->first > s->previous;
    return is_sound ? 0 : SEGMENT_DAMAGED;
}

int segment_open(const char *directory, uint64_t ordinal, bool is_writable, struct segment *out)
{
    char path[4096];
    segment_path(directory, ordinal, path, sizeof path);
    *out = (struct segment){0};

    /* An empty file cannot be mapped, so its size is asked first. */
    uint64_t size = 0;
    int rc = file_size(path, &size);
    if (rc == -ENOENT)
        return SEGMENT_MISSING;
    if (rc < 0)
        return rc;
    if (size < SEGMENT_FRAMES_AT)
        return SEGMENT_DAMAGED;
    rc = file_map(path, is_writable, &out->map);
    if (rc == -ENOENT)
        return SEGMENT_MISSING;
    if (rc < 0)
        return rc;
    rc = out->map.size < SEGMENT_FRAMES_AT ? SEGMENT_DAMAGED : segment_header_read(out, ordinal);
    if (rc == SEGMENT_DAMAGED)
        segment_close(out);
    return rc;
}

void segment_close(struct segment *s)
{
    file_unmap(&s->map);
    s->map = (struct file_map){0};
}

void segment_begin(struct segment *s)
{
    uint8_t *h = s->map.at;
    s->version = SEGMENT_VERSION;

    /* The checksum covers the magic, which must come last: so it is taken of a copy. */
    uint8_t copy[HEADER_HASHED];
    store_u64(copy, MAGIC);
    store_u32(copy + 8, s->version);
    store_u32(copy + 12, 0);
    store_u64(copy + 16, s->journal_id);
    store_u64(copy + 24, s->epoch);
    store_u64(copy + 32, s->ordinal);
    store_u64(copy + 40, s->previous);
    store_u64(copy + 48, s->first);
    store_u64(copy + 56, (uint64_t)s->begun_wall_us);
    memcpy(h + 8, copy + 8, sizeof copy - 8);
    store_u64(h + 64, hash_bytes((struct slice){ copy, sizeof copy }, 0));
    magic_store(h);
}

static size_t round_up(size_t n)
{
    return (n + 7u) & ~(size_t)7u;
}

size_t segment_frame_size(size_t topic_bytes, size_t rest_bytes)
{
    return round_up(FRAME_HEAD + BODY_HEAD + topic_bytes + rest_bytes);
}

static uint32_t frame_checksum(const struct segment *s, const uint8_t *frame, uint32_t length)
{
    return (uint32_t)hash_bytes((struct slice){ frame + 8, FRAME_HEAD - 8 + length }, s->epoch);
}

static void copy_slice(uint8_t *to, struct slice from)
{
    if (from.size > 0)
        memcpy(to, from.at, from.size);
}

size_t segment_put(struct segment *s, size_t at, const struct frame *f)
{
    uint8_t *p = s->map.at + at;
    uint8_t *body = p + FRAME_HEAD;
    uint32_t length = (uint32_t)(BODY_HEAD + f->topic.size + f->rest.size);

    store_u64(p + 8, f->sequence);
    store_u64(p + 16, f->boottime_us);
    body[0] = f->kind;
    body[1] = f->flags;
    body[2] = (uint8_t)f->topic.size;
    body[3] = (uint8_t)(f->topic.size >> 8);
    copy_slice(body + BODY_HEAD, f->topic);
    copy_slice(body + BODY_HEAD + f->topic.size, f->rest);
    store_u32(p + 4, frame_checksum(s, p, length));
    length_store(p, length);
    return round_up(FRAME_HEAD + length);
}

/* Whether a frame of that length may stand there, before anything of it is hashed. */
static bool length_fits(const struct segment *s, size_t at, uint32_t length)
{
    return length >= BODY_HEAD && length <= BODY_HEAD + JOURNAL_BODY_MAX &&
           s->map.size - at >= FRAME_HEAD + (size_t)length;
}

static bool has_room(const struct segment *s, size_t at)
{
    return at < s->map.size && s->map.size - at >= FRAME_HEAD + BODY_HEAD;
}

size_t segment_check(const struct segment *s, size_t at, uint64_t sequence)
{
    if (!has_room(s, at))
        return 0;
    const uint8_t *p = s->map.at + at;
    uint32_t length = length_load(p);
    if (!length_fits(s, at, length) || load_u64(p + 8) != sequence ||
        BODY_HEAD + (uint32_t)load_u16(p + FRAME_HEAD + 2) > length)
        return 0;
    return load_u32(p + 4) == frame_checksum(s, p, length) ? round_up(FRAME_HEAD + length) : 0;
}

void segment_frame(const struct segment *s, size_t at, struct frame *out)
{
    const uint8_t *p = s->map.at + at;
    const uint8_t *body = p + FRAME_HEAD;
    uint32_t length = length_load(p);
    uint16_t topic = load_u16(body + 2);

    out->sequence = load_u64(p + 8);
    out->boottime_us = load_u64(p + 16);
    out->kind = body[0];
    out->flags = body[1];
    out->topic = (struct slice){ body + BODY_HEAD, topic };
    out->rest = (struct slice){ body + BODY_HEAD + topic, length - BODY_HEAD - topic };
}

uint64_t segment_seek(const struct segment *s, size_t at, uint64_t sequence, size_t *found_at)
{
    for (size_t to = at + 8; has_room(s, to); to += 8) {
        const uint8_t *p = s->map.at + to;
        if (!length_fits(s, to, length_load(p)))
            continue;
        uint64_t number = load_u64(p + 8);
        uint64_t most = (to - at) / SEGMENT_FRAME_LEAST;
        if (number <= sequence || number - sequence > most || segment_check(s, to, number) == 0)
            continue;
        *found_at = to;
        return number;
    }
    return 0;
}

bool segment_has_bytes(const struct segment *s, size_t at)
{
    return has_room(s, at) && length_load(s->map.at + at) != 0;
}

struct segment_scan segment_scan(const struct segment *s)
{
    struct segment_scan scan = { .end = SEGMENT_FRAMES_AT };
    uint64_t next = s->first;

    for (;;) {
        size_t size = segment_check(s, scan.end, next);
        if (size > 0) {
            scan.end += size;
            scan.last = next++;
            continue;
        }
        size_t found_at = 0;
        uint64_t found = segment_seek(s, scan.end, next, &found_at);
        if (found == 0)
            return scan;
        if (scan.missing == 0)
            scan.missing_first = next;
        scan.missing += found - next;
        scan.end = found_at;
        next = found;
    }
}

/* By words, since this walks through the zeros of a whole segment at each opening. */
size_t segment_torn(const struct segment *s, size_t at)
{
    size_t end = s->map.size;
    while (end > at && end % 8 != 0 && s->map.at[end - 1] == 0)
        end--;
    while (end >= at + 8 && end % 8 == 0 && load_u64(s->map.at + end - 8) == 0)
        end -= 8;
    while (end > at && s->map.at[end - 1] == 0)
        end--;
    return end > at ? end - at : 0;
}

void segment_clear(struct segment *s, size_t at, size_t n)
{
    memset(s->map.at + at, 0, n);
}

void segment_clock_write(const struct frame_clock *c, uint8_t out[SEGMENT_CLOCK_REST])
{
    memcpy(out, c->boot_id, sizeof c->boot_id);
    store_u64(out + 16, (uint64_t)c->offset_us);
    out[24] = c->is_synchronised ? 1 : 0;
}

int segment_clock_read(struct slice rest, struct frame_clock *out)
{
    if (rest.size < SEGMENT_CLOCK_REST)
        return 1;
    memcpy(out->boot_id, rest.at, sizeof out->boot_id);
    out->offset_us = (int64_t)load_u64(rest.at + 16);
    out->is_synchronised = rest.at[24] != 0;
    return 0;
}
