/* CSV as RFC 4180 has it, strictly: fields by commas, quotes doubled inside quotes, records by LF or CR LF. A
 * byte order mark at the beginning is passed over, empty lines are no records. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/option.h"
#include "base/slice.h"

#define CSV_FIELDS_MOST 128

struct csv {
    struct slice rest;           /* borrowed */
    uint32_t line, column;       /* where it begins, from 1 */
};

struct csv_record {
    struct place place;
    size_t n;
    struct slice fields[CSV_FIELDS_MOST];    /* unquoted; in the text or in the arena */
    struct place places[CSV_FIELDS_MOST];
};

void csv_init(struct csv *c, struct slice text);

/* The line that begins here, without its end, when it begins with '#'; moves behind it. false: it does not. */
bool csv_remark(struct csv *c, struct slice *out);

/* The next record. 0, CSV_END, or CSV_WRONG with where and why: nothing behind that can be relied on. */
#define CSV_END 1
#define CSV_WRONG 2
int csv_next(struct csv *c, struct arena *arena, struct csv_record *out, const char **why);

#endif
