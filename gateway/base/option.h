/* Options: what can be configured, as tables, and how YAML becomes a struct.
 *
 * Each room declares one table next to the struct it fills. Reading, `check`, `--help` and writing
 * the canonical form all walk the same tables, so they cannot disagree. A whole document is read
 * however many mistakes it has: each becomes a problem with file, line, column, what was expected
 * and the nearest right name. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/number.h"
#include "base/slice.h"

enum option_type {
    OPT_STRING,     /* const char *             any scalar */
    OPT_NAME,       /* const char *             1 to 64 of A-Z a-z 0-9 . _ - : fits a topic level */
    OPT_BOOL,       /* bool                     true, false, yes, no */
    OPT_INT,        /* int64_t */
    OPT_SIZE,       /* int64_t, bytes           "64MB", "1kB" = 1000, "1KiB" = 1024, "512"; not < 0 */
    OPT_DURATION,   /* int64_t, microseconds    "30s", "15min", "24h", "250ms", "400d"; not < 0 */
    OPT_DECIMAL,    /* struct decimal           exact, as written */
    OPT_DATE,       /* int64_t                  "2018-01-01" as year*10000+month*100+day; 0: none */
    OPT_CHOICE,     /* int                      the index in choices */
    OPT_CHOICES,    /* uint32_t, one bit each   a YAML sequence of choices */
    OPT_STRINGS,    /* struct option_list of const char *   a YAML sequence of scalars */
    OPT_TABLE,      /* the struct itself        a YAML mapping, read by rows */
    OPT_LIST,       /* struct option_list of row_size structs, each beginning with a struct place */
    OPT_RAW,        /* struct option_raw        any YAML subtree, kept for somebody else's table */
};

/* Where something stands in a document. The first member of every OPT_LIST row; also given to
 * whoever finds a mistake later. Lines and columns begin at 1; 0: stands nowhere (a preset). */
struct place {
    uint32_t line, column;
};

struct option_list {
    void *at;
    size_t n;
};

/* A subtree in canonical YAML, and where it stood. An empty mapping, or nothing, is the empty
 * slice. */
struct option_raw {
    struct place place;
    struct slice yaml;
    const struct place *places;    /* where each node stood (keys too), in the order of the text */
    size_t n_places;
};

struct option {
    const char *name;
    enum option_type type;
    size_t at;                     /* offsetof in the struct that the table fills */
    const char *preset;            /* the scalar's text, or YAML for what is no scalar; NULL: empty
                                    * (a string is then "", never NULL), zero, false, none */
    const char *min, *max;         /* texts of the same type, but for a string whole numbers that
                                    * bound its bytes, for a list its elements; NULL: no bound */
    const char *const *choices;    /* ends with NULL */
    const struct option *rows;     /* of a table or list */
    size_t row_size;               /* of a list */
    bool is_required;
    bool is_secret;                /* never printed; left out of the canonical form */
    bool is_local;                 /* bears on this machine only; left out of the canonical form */
    const char *help;              /* one sentence */
};

/* Mistakes found in a document, in the order of their places. Beyond PROBLEMS_MOST the last one
 * says that there are more. */
#define PROBLEMS_MOST 10000

struct problem {
    struct place place;
    const char *text;              /* in the arena */
};

struct problems {
    const char *file;              /* as the person named it */
    struct problem *at;
    size_t n, room;
    struct arena *arena;           /* where texts live; borrowed */
};

void problems_init(struct problems *p, const char *file, struct arena *arena);
void problems_fini(struct problems *p);
void problem_add(struct problems *p, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "FILE:LINE:COLUMN: text" a line each, sorted by place, onto out; "FILE: text" where a problem
 * stands nowhere. */
void problems_print(const struct problems *p, struct buffer *out);

/* Fills conf from the YAML text. Strings and lists live in the arena. Mistakes are added to
 * problems; what was wrong keeps its preset, so reading on is safe. Returns 0, or OPTION_WRONG
 * when problems were added. Only one document of at most OPTION_BYTES_MOST, nested at most
 * OPTION_DEPTH_MOST deep; no anchors, aliases or tags; a key twice is a mistake. An empty
 * document, and an empty or absent table, is a mapping without keys: what is required in it is
 * missing. A scalar that has no preset and is not required may be left empty: none. Text that is
 * no YAML is one problem, and conf holds its presets. */
#define OPTION_WRONG 1
#define OPTION_BYTES_MOST (4u << 20)
#define OPTION_DEPTH_MOST 16
int option_read(const struct option *table, void *conf, struct slice yaml, struct arena *arena,
                struct problems *problems);

/* The same for what option_write wrote: of any size, and the rows that it leaves out (secret,
 * local) hold their presets and are not missed. */
int option_read_written(const struct option *table, void *conf, struct slice yaml,
                        struct arena *arena, struct problems *problems);

/* The same for a subtree kept by OPT_RAW: places are those of the document it was read from. */
int option_read_raw(const struct option *table, void *conf, const struct option_raw *raw,
                    struct arena *arena, struct problems *problems);

/* Where the key "section.key" stands in a document, or the deepest of its parts that is there: for a
 * mistake that is found when the document was read. */
struct place option_place(struct slice yaml, const char *path);

/* Fills conf with the presets alone. */
void option_preset(const struct option *table, void *conf, struct arena *arena);

/* Writes conf, as option_read or option_preset filled it, in canonical YAML: every row in table
 * order, every value explicit and in one form, no comments, nothing secret or local.
 * option_read_written of it gives an equal struct (but for places and what was left out), and
 * writing that again the same bytes. */
void option_write(const struct option *table, const void *conf, struct buffer *out);

/* Writes the reference: each row with type, preset, bounds, choices and help, indented by level. */
void option_help(const struct option *table, struct buffer *out);

/* The nearest of NULL-ended names by edit distance, or NULL if none is near (> 1/2 of its length). */
const char *option_nearest(const char *name, const char *const *names);

#endif
