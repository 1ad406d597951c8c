/* The configuration file as a whole: the plan (what bears on meaning and enters the log book) and what
 * bears on this machine alone (links, paths, limits of the disk). */
#ifndef CONF_H
#define CONF_H

#include <stdint.h>

#include "base/option.h"
#include "ingest/ingest.h"
#include "model/plan.h"
#include "publish/publish.h"

struct conf_journal {
    int64_t segment_bytes, retain_us, most_bytes, reserve_bytes, commit_every_us;
    int64_t archive_us, archive_most_bytes;
    int durability;              /* enum durability */
};

/* What happens when the outbox has filled the store. */
enum store_policy { STORE_PAUSES, STORE_DROPS_OLDEST };

struct conf_store {
    int64_t history_us, most_bytes;
    int at_bound;                /* enum store_policy */
};

struct conf {
    struct plan plan;            /* first: its rows stand at the top of the document */
    const char *state;           /* directory of journals and store */
    const char *plugins;         /* directory of plugins */
    int log_level;
    struct option_list factor_files;     /* of const char *: CSV files, beside the configuration */
    struct ingest_conf ingest;
    struct publish_conf publish;
    struct conf_journal journal;
    struct conf_store store;
    struct arena arena;          /* of texts and problems */
};

/* The rows of what bears on this machine alone. */
const struct option *conf_machine_options(void);

/* The rows of the whole document, for reading and for the reference. */
const struct option *conf_options(void);

/* Reads and checks a file. On mistakes prints all of them to standard error, a line each, and returns
 * OPTION_WRONG; negative when the file cannot be read. The caller frees *out with conf_free. */
int conf_read(const char *path, struct conf **out);
void conf_free(struct conf *c);

/* Reads the CSV files that c names into its plan's sets; mistakes are told, and counted in problems. */
void conf_read_factors(const char *path, struct conf *c, struct problems *problems);

/* Logs each key beyond the plan that the second configuration has another value for: it takes effect at a
 * start. `log` is left out. */
void conf_tell_at_start(const struct conf *runs, const struct conf *read);

/* What a person should know of a file that conf_read took: prints warnings, and mistakes of this machine
 * (files that cannot be read), to standard error. 0, or OPTION_WRONG when there are mistakes. */
int conf_remark(const char *path, const struct conf *c);

/* Where things stand in a state directory. The caller owns the texts. */
struct places {
    char *intake, *logbook, *store, *epoch;
};
void places_init(struct places *p, const char *state);
void places_fini(struct places *p);

/* Where plugins are unless the configuration says otherwise. */
const char *conf_plugins_preset(void);

/* The plan's part as it enters the log book. */
struct slice conf_canonical(const struct conf *c);

#endif
