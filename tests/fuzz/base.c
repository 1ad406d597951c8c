/* Fuzzed: a base, the file with the whole state of the stages. The first byte says what the rest is: the
 * rows, behind a head that holds and with a checksum that does (0), or the file as it stands (else).
 *
 * Promised: a file is a base or it is not; what it is said to be by its head alone is no contradiction;
 * its rows lie one behind the other in the file; and who writes the same rows again gets the same bytes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/hash.h"
#include "fuzz.h"
#include "journal/base.h"

#define HEAD_BYTES 64u
#define END_BYTES  17u
#define ROW_BYTES  9u
#define POSITION   4711u

static char place[96], path[160];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_silent();
    snprintf(place, sizeof place, "%s/bases", fuzz_directory());
    snprintf(path, sizeof path, "%s/fuzzed", fuzz_directory());
    fuzz_promise(file_make_directory(place) == 0, "a directory can be made");
    return 0;
}

/* How many rows there would be, so that the fuzzer need not guess the number at the end. */
static uint64_t count_rows(struct slice rows)
{
    struct cursor c = cursor_of(rows);
    uint64_t n = 0;
    while (cursor_u8(&c) != 0) {
        size_t key = cursor_u32(&c), value = cursor_u32(&c);
        cursor_bytes(&c, key);
        cursor_bytes(&c, value);
        n += !c.has_failed;
    }
    return n;
}

static void put_file(struct slice rows, struct buffer *out)
{
    buffer_put(out, "CGWBASE", 8);
    buffer_put_u32(out, BASE_VERSION);
    buffer_put_u32(out, 0);
    const uint64_t head[] = { 7, POSITION, 8, 99, 1514764800000000 };
    for (size_t i = 0; i < 5; i++)
        buffer_put_u64(out, head[i]);
    buffer_put_u64(out, hash_bytes(buffer_slice(out), 0));
    buffer_put(out, rows.at, rows.size);
    buffer_put_u8(out, 0);
    buffer_put_u64(out, count_rows(rows));
    buffer_put_u64(out, hash_bytes(buffer_slice(out), 0));
}

static void write_file(struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_promise(fd >= 0 && write(fd, bytes.at, bytes.size) == (ssize_t)bytes.size,
                 "a file can be written");
    close(fd);
}

static void check_again(const char *written, struct slice bytes)
{
    char *again = NULL;
    size_t size;
    fuzz_promise(file_read_all(written, 1 << 20, &again, &size) == 0, "a base can be read");
    fuzz_promise(size == bytes.size && memcmp(again, bytes.at, size) == 0, "the same rows, the same bytes");
    free(again);
    unlink(written);
}

static void check_rows(struct base_reader *r, const struct base_head *head, struct slice bytes)
{
    struct base_writer *w = NULL;
    struct slice key, value;
    uint8_t kind;
    size_t at = HEAD_BYTES;
    char written[160];
    fuzz_promise(base_write_begin(place, head, &w) == 0, "a base can be begun");
    while (base_read(r, &kind, &key, &value) == 0) {
        at += ROW_BYTES + key.size + value.size;
        fuzz_promise(at + END_BYTES <= bytes.size, "rows lie in the file");
        fuzz_promise(base_write_row(w, kind, key, value) == 0, "a row can be written");
    }
    fuzz_promise(at + END_BYTES == bytes.size, "nothing else lies in it");
    fuzz_promise(base_write_end(w) == 0, "a base can be ended");
    base_path(place, head->position, written, sizeof written);
    check_again(written, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buffer file = { 0 };
    struct base_reader *r = NULL;
    struct base_head head = { 0 }, peeked = { 0 };
    if (size == 0)
        return 0;
    if (bytes[0] == 0)
        put_file((struct slice){ bytes + 1, size - 1 }, &file);
    else
        buffer_put(&file, bytes + 1, size - 1);
    write_file(buffer_slice(&file));

    int rc = base_open(path, &r, &head);
    int peek = base_peek(path, &peeked);
    fuzz_promise(rc == 0 || rc == BASE_DAMAGED || rc == BASE_NEWER, "a file is a base or it is not");
    fuzz_promise(rc != 0 || (peek == 0 && peeked.position == head.position), "its head says the same");
    if (rc == 0 && bytes[0] == 0)
        check_rows(r, &head, buffer_slice(&file));
    base_close(r);
    buffer_fini(&file);
    return 0;
}
