/* Crash points: the places where the order of two durable steps matters, each with a name. In a build
 * with -DCARBON_TEST_BUILD, CARBON_CRASH_AT="journal.appended:7" kills the process with SIGKILL the
 * seventh time it passes that point. In any other build a crash point is nothing at all. This header
 * is the one place where that difference is compiled in. */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include <stddef.h>

#ifdef CARBON_TEST_BUILD

void crash_point(const char *name);

/* All names there are; ends with NULL. NULL itself: this build has no crash points. */
const char *const *crash_points(void);

/* Why CARBON_CRASH_AT can mean nothing, as a sentence; NULL: it is right, or not there. */
const char *crash_mistake(void);

#else

static inline void crash_point(const char *name) { (void)name; }
static inline const char *const *crash_points(void) { return NULL; }
static inline const char *crash_mistake(void) { return NULL; }

#endif

#endif
