/* Emissions of streams and their sums, the lines that a summary consists of, and how sure they are.
 * Parts of a summary's making that come behind the streams; books.h is the room's own page. */
#ifndef ACCOUNT_SCOPES_H
#define ACCOUNT_SCOPES_H

#include "account/account.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "model/summary.h"
#include "model/totals.h"

struct window;

/* --- bought.c --- */

/* The market-based view of the streams of scope 2, by the window's tallies. */
void summary_add_market(struct account *a, const struct window *w, struct arena *arena,
                        struct summary *out);

/* --- residual.c --- */

/* Meters against what stands behind them. */
void summary_add_residuals(struct account *a, const struct window *w, struct arena *arena,
                           struct summary *out);

/* --- uncertain.c --- */

/* How sure the streams and sums are; behind the totals. */
/* √Σ part², see there for how exact. */
int128 uncertainty_root(const int128 *parts, size_t n);

void summary_add_uncertainty(struct account *a, const struct window *w, struct arena *arena,
                             struct summary *out);

/* --- line.c --- */

/* Every line of a summary that is there: totals first, then the streams in the order of the plan. */
struct summary_line *summary_lines(const struct account *a, const struct summary *s, struct arena *arena,
                                   size_t *n);

/* Lines as the bytes that a window keeps of what it told, and back. Streams are told by their text;
 * those that the plan does not have are left out. 0, or 1 when the bytes are malformed. */
void lines_write(const struct account *a, const struct summary_line *lines, size_t n, struct buffer *out);
int lines_read(struct account *a, const struct window *w, struct slice told, struct arena *arena,
               struct summary_line **out, size_t *n);

/* What differs between two lists, in the order of the newer one. */
struct summary_change *lines_differ(const struct summary_line *before, size_t n_before,
                                    const struct summary_line *after, size_t n_after,
                                    struct arena *arena, size_t *n);

/* A row until version 2 kept two figures of a stream and one of the site; they become lines. */
void lines_write_old(struct slice stream, bool has_activity, int128 activity_micro, bool has_co2e,
                     int128 co2e_ug, struct buffer *out);

#endif
