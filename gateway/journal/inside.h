/* The inside of a journal that is open for writing, for the files of this room only: who owns which
 * member, and which lock guards what several threads share. */
#ifndef JOURNAL_INSIDE_H
#define JOURNAL_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"
#include "journal/segment.h"

/* The smallest segment in which the largest frame stands behind the clock frame. */
#define SEGMENT_LEAST (SEGMENT_FRAMES_AT + 64u + 32u + (size_t)JOURNAL_BODY_MAX)

/* A segment that stands in the directory. Mapped while it is written, and from its roll until it is
 * synced to its end; afterwards only its numbers are kept. */
struct kept {
    struct segment s;
    uint64_t last;               /* its last frame; UINT64_MAX while it is written */
    uint64_t bytes;
};

struct journal {
    /* Settled by journal_open. */
    char *path;
    size_t segment_bytes;
    bool is_read_only;
    int lock_fd;
    uint64_t id;

    /* The writer's alone. */
    struct kept *current;        /* the last of kept; NULL: the next append begins a segment */
    size_t offset;               /* where its next frame goes */
    size_t half;
    uint64_t next;               /* the number of the next frame */
    struct frame_clock clock;    /* as the last clock frame has it */

    /* Written by one thread, read by any. */
    _Atomic uint64_t end, synced;
    _Atomic uint64_t frames, body_bytes, rolls, rolls_waited;
    atomic_bool is_half_full, has_spare;
    atomic_bool is_clock_due;    /* the next append writes a clock frame */
    atomic_bool is_synchronised;

    /* list_lock: short, never held over a system call but munmap. Guards the array and each `last`. */
    pthread_mutex_t list_lock;
    struct kept **kept;          /* oldest first */
    size_t n_kept, room;

    /* spare_lock: held while a segment is allocated, so that a roll waits for the one under way
     * instead of making a second. */
    pthread_mutex_t spare_lock;
    struct segment spare;        /* mapped when has_spare */
    uint64_t next_ordinal;

    /* sync_lock: one sync at a time. Who waits finds the work done; and since the kernel reports a
     * failure once, nobody can miss it. */
    pthread_mutex_t sync_lock;
    int sync_rc;                 /* negative from the first failed sync on */
    uint64_t watched_us;         /* boottime at which the kernel was last asked about its clock */
};

/* Takes the spare, or makes a segment, and begins it behind the last frame; it becomes current. Not
 * for two threads at once. JOURNAL_FULL when there is no room. */
int journal_roll(struct journal *j);

/* Puts k, which the journal now owns, at the end of the list. */
void journal_keep(struct journal *j, struct kept *k);

#endif
