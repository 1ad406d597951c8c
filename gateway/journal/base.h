/* A base: the whole state of the stages at one position of the log book, in one file beside the log
 * book's segments. A replay may begin at a base instead of at the beginning; when the store is lost, the
 * newest base and the journals behind it give it back.
 *
 * POSITION.base, twenty digits, is written under a temporary name, synced and renamed; its last bytes are
 * a checksum over all before. A file whose checksum does not hold is no base. Nothing here knows what the
 * rows mean: who writes them reads them. */
#ifndef JOURNAL_BASE_H
#define JOURNAL_BASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/slice.h"

#define BASE_VERSION 1u
#define BASE_DAMAGED 1           /* the checksum, the head or a row does not hold */
#define BASE_NEWER 2             /* of a newer format version: head->version says which */
#define BASE_END 3               /* no further row */

/* A row's kind is the stage whose state it is (model/state.h), or this: a summary that waited in the
 * outbox (store_summary_read). 0 is no kind. */
#define BASE_SUMMARY 255u

struct base_head {
    uint32_t version;
    uint64_t logbook_id;
    uint64_t position;           /* entries up to here are in it, none of a later one */
    uint64_t intake_id, intake_took;  /* frames of intake 0 up to here are in it; id 0: none was taken */
    int64_t written_wall_us;
};

/* Writing: rows in any order; kind and key together are unique. end makes it last; abandon leaves nothing.
 * Negative errnos are raised. One at a time in a directory. */
struct base_writer;
int base_write_begin(const char *directory, const struct base_head *head, struct base_writer **out);
int base_write_row(struct base_writer *w, uint8_t kind, struct slice key, struct slice value);
int base_write_end(struct base_writer *w);           /* takes w, also when it fails */
void base_write_abandon(struct base_writer *w);      /* accepts NULL; takes w */

/* Reading: opening walks the whole file once and checks it; of a damaged one *head is left alone. Rows
 * are borrowed until the reader is closed. open_map takes the map (of an archived base) also when it
 * fails. */
struct base_reader;
int base_open(const char *path, struct base_reader **out, struct base_head *head);
int base_open_map(struct file_map *map, struct base_reader **out, struct base_head *head);
int base_read(struct base_reader *r, uint8_t *kind, struct slice *key, struct slice *value);
void base_close(struct base_reader *r);              /* accepts NULL */

/* The head alone, checked by its own checksum; says nothing about the rows. 0, DAMAGED, NEWER. */
int base_peek(const char *path, struct base_head *out);

/* The positions of the bases in a directory, ascending, by their names alone. The caller frees out->at. */
struct base_list {
    uint64_t *at;
    size_t n, room;
};
int base_list_read(const char *directory, struct base_list *out);
void base_path(const char *directory, uint64_t position, char *out, size_t room);

#endif
