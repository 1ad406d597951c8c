/* How much of a window is known: the time that is covered, and what says something of time alone. */
#ifndef ACCOUNT_QUALITY_H
#define ACCOUNT_QUALITY_H

#include "account/books.h"

/* Notes a stretch without activity in the windows that it touches. 0, or negative when a closed window cannot be
 * looked up. */
int quality_stretch(struct account *a, const struct amount *amount);

/* Good time of a share without what the device stood still in; and the latter. */
int64_t quality_valid_us(const struct window *w, const struct share *share);
int64_t quality_idle_us(const struct window *w, const struct share *share);

/* Gaps, silent devices, calibrations that ran out: all of a summary's quality that a window tells. */
void quality_build(struct account *a, const struct window *w, struct arena *arena, struct summary *out);

/* What of it is new to say. */
void quality_hash(const struct account *a, const struct summary *s, struct buffer *out);

#endif
