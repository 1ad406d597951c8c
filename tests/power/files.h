/* The files that a cut or a kill left, one by one: whether each that stands under its name is what the
 * name promises, and whether those that rely on each other go together. */
#ifndef POWER_FILES_H
#define POWER_FILES_H

#include <stddef.h>

#include "outside.h"

/* Of the state directory, before anything is opened in it. */
void files_look(struct outside *o, const char *state, size_t segment_bytes);

/* Remembers the bases that stand there now, behind a turn of upkeep that went through: from now on each
 * stands there or in the archive. */
void files_remember_bases(struct outside *o);

#endif
