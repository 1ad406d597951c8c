/* Fatal signals: what is still done when a defect of our own brings the process down (SEGV, BUS, ABRT,
 * FPE). One thread can be watched; the process then dies of the same signal, with its core dump. */
#ifndef BASE_FATAL_H
#define BASE_FATAL_H

/* From now on, when the calling thread is brought down by such a signal and nobody else sent it,
 * mark(self, number) is called first: in a signal handler, so it may store and do nothing else. On any
 * thread: a bus error names the mapped file, others are told by their number. One watch in a process. */
void fatal_watch(void (*mark)(void *self, int number), void *self);

/* As it was before. Does nothing when nobody watches. */
void fatal_unwatch(void);

#endif
