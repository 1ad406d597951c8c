/* A disk for tests, in the place of base/file.c: it can be full, fail to sync, and lose power. Real
 * files stand behind it; beside each it remembers what was synced. Names (create, rename, remove) are
 * durable at once, as base/file.h promises. */
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

/* Syncs until now, failed ones too. */
size_t disk_syncs(void);

/* Nothing may be mapped. Of each sector that was written and not synced, chance decides whether it
 * reached the disk: `survive` of 8 do. */
void disk_cut_power(uint32_t seed, unsigned survive);

#endif
