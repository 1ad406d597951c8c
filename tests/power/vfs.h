/* SQLite on the disk in memory: its files and syncs are the disk's, its shared memory and locks are
 * ours. */
#ifndef POWER_VFS_H
#define POWER_VFS_H

/* From now on every database of this program is opened by this VFS. */
void vfs_register(void);

#endif
