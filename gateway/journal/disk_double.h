/* A disk for tests, in the place of base/file.c: it can be full, fail to sync, and lose power. Real
 * files stand behind it; beside each it remembers what was synced. Names (create, rename, remove) are
 * durable at once, as base/file.h promises; what a stream wrote is not before its end. */
#ifndef JOURNAL_DISK_DOUBLE_H
#define JOURNAL_DISK_DOUBLE_H

#include <stddef.h>
#include <stdint.h>

/* Forgets all files and faults. */
void disk_reset(void);

/* From now on file_allocate fails with rc (negative; 0: works). */
void disk_refuse(int rc);

/* The n-th sync from now on fails, once: as a kernel, it reports a lost page one time only. */
void disk_fail_sync(unsigned n);

/* Bytes that streams may still write before the disk is full; -1: no bound. */
void disk_room(long long bytes);

/* The power goes off `steps` steps from now (making, writing, syncing, naming, removing a file are one
 * each): from then on all of them fail, until disk_reset or disk_cut_power. -1: it stays on. */
void disk_stop_after(int steps);

/* Syncs until now, failed ones too. */
size_t disk_syncs(void);

/* Nothing may be mapped. Of each sector that was written and not synced, chance decides whether it
 * reached the disk: `survive` of 8 do. */
void disk_cut_power(uint32_t seed, unsigned survive);

#endif
