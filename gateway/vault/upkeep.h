/* Upkeep: what the gateway does for its disk beside the flow. It writes bases, archives what leaves the
 * journals, trims them, bounds the archive, and forgets old summaries.
 *
 * One job at a time, on a worker, beside the commits, which it never makes wait. Nothing in it is needed
 * for the books to be right; without it the disk fills up. What fails is told in the log and done again in
 * the next turn. */
#ifndef VAULT_UPKEEP_H
#define VAULT_UPKEEP_H

#include <stdint.h>

#include "journal/journal.h"
#include "store/store.h"

struct upkeep;

/* All borrowed. */
struct upkeep_conf {
    struct journal *intake, *logbook;
    struct store *store;
    const char *intake_path, *logbook_path, *store_path;
    int64_t retain_us, most_bytes;           /* of a journal */
    int64_t archive_us, archive_most_bytes;  /* archive_us 0: nothing is archived */
    int64_t history_us;                      /* of published summaries */
    int64_t lateness_us;                     /* a base leaves out the windows behind it */
};

struct upkeep *upkeep_new(const struct upkeep_conf *conf);
void upkeep_free(struct upkeep *u);          /* accepts NULL; not during a turn */

/* One turn: up to this entry and this frame all is committed, and the state began anew at the entry `began`
 * (pipeline_began). Worker thread; a disk's time. */
void upkeep_turn(struct upkeep *u, uint64_t position, uint64_t took, uint64_t began, int64_t now_wall_us);

/* Ends the turn under way soon; later ones do nothing. Any thread. */
void upkeep_stop(struct upkeep *u);

/* As of the last turn; any thread. */
struct upkeep_figures {
    uint64_t bases, archive_files, archive_bytes;
    uint64_t base_position;                  /* of the newest base; 0: none */
};
void upkeep_figures(const struct upkeep *u, struct upkeep_figures *out);

#endif
