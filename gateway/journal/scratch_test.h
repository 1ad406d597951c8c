/* What the tests of this room share: a directory of their own, messages that can be told apart, and
 * ways to hurt a file. */
#ifndef JOURNAL_SCRATCH_TEST_H
#define JOURNAL_SCRATCH_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/segment.h"

/* Small, so that a few frames of BULK bytes fill one. */
#define SCRATCH_SEGMENT (9 * 256 * 1024)
#define BULK (200u * 1024u)
#define BULK_PER_SEGMENT 11u      /* messages of BULK bytes, behind a clock frame */

struct scratch {
    char path[64];
    struct journal_conf conf;
};

static inline int scratch_make(void **state)
{
    struct scratch *s = calloc(1, sizeof *s);
    snprintf(s->path, sizeof s->path, "/tmp/carbon-journal-XXXXXX");
    if (mkdtemp(s->path) == NULL)
        return -1;
    s->conf = (struct journal_conf){ .path = s->path, .segment_bytes = SCRATCH_SEGMENT };
    *state = s;
    return 0;
}

static inline void scratch_empty(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.' && unlinkat(dirfd(d), e->d_name, 0) != 0) {
            char inner[PATH_MAX];                      /* the archive */
            if (snprintf(inner, sizeof inner, "%s/%s", path, e->d_name) >= (int)sizeof inner)
                continue;
            scratch_empty(inner);
            rmdir(inner);
        }
    closedir(d);
}

static inline int scratch_remove(void **state)
{
    struct scratch *s = *state;
    scratch_empty(s->path);
    rmdir(s->path);
    free(s);
    return 0;
}

#define SCRATCH_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

static inline struct journal *scratch_open_at(struct scratch *s, uint64_t at_least,
                                              struct journal_opening *found)
{
    struct journal *j = NULL;
    struct journal_opening o;
    assert_int_equal(journal_open(&s->conf, 0, at_least, &j, &o), 0);
    if (found != NULL)
        *found = o;
    return j;
}

static inline struct journal *scratch_open(struct scratch *s)
{
    return scratch_open_at(s, 0, NULL);
}

static inline int scratch_trim(struct journal *j, uint64_t committed, int64_t now_us, int64_t retain_us,
                               int64_t most_bytes)
{
    const struct journal_trimming t = { .committed = committed, .now_wall_us = now_us,
                                        .retain_us = retain_us, .most_bytes = most_bytes };
    return journal_trim(j, &t);
}

/* Message number n: its text is told by n, and with `bulk` it is that long. */
static inline struct frame message_of(uint64_t n, size_t bulk, char *memory, size_t room)
{
    int size = snprintf(memory, room, "reading %" PRIu64, n);
    if (bulk > (size_t)size)
        memset(memory + size, 'a' + (int)(n % 26), bulk - (size_t)size);
    return (struct frame){
        .kind = FRAME_MESSAGE,
        .flags = 1,
        .topic = slice_of("carbon/v1/mill/meter-1/reading"),
        .rest = { (const uint8_t *)memory, bulk > (size_t)size ? bulk : (size_t)size },
    };
}

static inline uint64_t append_one(struct journal *j, uint64_t n, size_t bulk)
{
    static char memory[BULK + 64];
    struct frame f = message_of(n, bulk, memory, sizeof memory);
    assert_int_equal(journal_append(j, &f), 0);
    return f.sequence;
}

static inline uint64_t append_many(struct journal *j, uint64_t from, uint64_t to, size_t bulk)
{
    uint64_t last = 0;
    for (uint64_t n = from; n <= to; n++)
        last = append_one(j, n, bulk);
    return last;
}

static inline void assert_message(const struct frame *f, uint64_t n, size_t bulk)
{
    static char memory[BULK + 64];
    struct frame want = message_of(n, bulk, memory, sizeof memory);
    assert_int_equal(f->kind, FRAME_MESSAGE);
    assert_int_equal(f->flags, want.flags);
    assert_true(slice_equal(f->topic, want.topic));
    assert_int_equal(f->rest.size, want.rest.size);
    assert_memory_equal(f->rest.at, want.rest.at, want.rest.size);
}

/* Which message it is. */
static inline uint64_t message_number(const struct frame *f)
{
    char text[32] = {0};
    size_t n = f->rest.size < sizeof text - 1 ? f->rest.size : sizeof text - 1;
    memcpy(text, f->rest.at, n);
    uint64_t number = 0;
    assert_int_equal(sscanf(text, "reading %" SCNu64, &number), 1);
    return number;
}

static inline struct journal_reader *scratch_reader(struct scratch *s, uint64_t after)
{
    struct journal_reader *r = NULL;
    assert_int_equal(journal_reader_open(s->path, after, &r), 0);
    return r;
}

/* Reads messages `from` to `to` and then the end. */
static inline void assert_reads(struct journal_reader *r, uint64_t from, uint64_t to, size_t bulk)
{
    struct frame f;
    for (uint64_t n = from; n <= to; n++) {
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_message(&f, n, bulk);
    }
    assert_int_equal(journal_read(r, UINT64_MAX, &f), JOURNAL_END);
}

static inline bool scratch_has(struct scratch *s, uint64_t ordinal, bool is_set_aside)
{
    char path[PATH_MAX];
    if (is_set_aside)
        segment_path_set_aside(s->path, ordinal, path, sizeof path);
    else
        segment_path(s->path, ordinal, path, sizeof path);
    return access(path, F_OK) == 0;
}

static inline int scratch_file(struct scratch *s, uint64_t ordinal)
{
    char path[PATH_MAX];
    segment_path(s->path, ordinal, path, sizeof path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    return fd;
}

static inline void scratch_write(struct scratch *s, uint64_t ordinal, size_t at, const void *bytes,
                                 size_t n)
{
    int fd = scratch_file(s, ordinal);
    assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
    close(fd);
}

static inline void scratch_flip(struct scratch *s, uint64_t ordinal, size_t at, unsigned bit)
{
    int fd = scratch_file(s, ordinal);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= (uint8_t)(1u << bit);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

static inline void scratch_truncate(struct scratch *s, uint64_t ordinal, size_t size)
{
    int fd = scratch_file(s, ordinal);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

/* Where frame `sequence` of a segment stands; its size, if wanted. */
static inline size_t scratch_find(struct scratch *s, uint64_t ordinal, uint64_t sequence, size_t *size)
{
    struct segment g;
    assert_int_equal(segment_open(s->path, ordinal, false, &g), 0);
    size_t at = SEGMENT_FRAMES_AT;
    uint64_t n = g.first;
    size_t taken = segment_check(&g, at, n);
    for (; n < sequence && taken > 0; taken = segment_check(&g, at, n)) {
        at += taken;
        n++;
    }
    assert_true(taken > 0);
    if (size != NULL)
        *size = taken;
    segment_close(&g);
    return at;
}

#endif
