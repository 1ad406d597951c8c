/* Crash points: the places where the order of two durable steps matters, each with a name. In a build
 * with -DCARBON_TEST_BUILD, CARBON_CRASH_AT="journal.appended:7" kills the process with SIGKILL the
 * seventh time it passes that point. In any other build a crash point is nothing at all. This header
 * is the one place where that difference is compiled in. */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#ifdef CARBON_TEST_BUILD
void crash_point(const char *name);
#else
static inline void crash_point(const char *name) { (void)name; }
#endif

#endif
