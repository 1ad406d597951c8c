/* A disk in memory that forgets. What is written, created, renamed or removed on it is seen at once, as
 * the page cache shows it, and lasts only when it was synced. When the power goes, of every 512-byte
 * sector and of every change of a name that was not synced chance decides whether it had reached the
 * disk; chance also writes some back long before, as a kernel does.
 *
 * One disk, for one thread. Paths below DISK_ROOT stand on it: calls.c leads the program's file calls
 * here, vfs.c SQLite's. Outcomes are 0 or more, or a negated errno. */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DISK_ROOT "/disk"
#define DISK_FD 1000000          /* descriptors from here on are the disk's */

/* An empty disk, running, with nothing planned for it. The same seed gives the same fate. */
void disk_reset(uint64_t seed);

/* The power goes at the n-th operation from now on (1: the next). Until disk_restart everything fails
 * with -EIO; what the program writes into its maps meanwhile is lost. */
void disk_cut_in(uint64_t operations);
void disk_cut(void);

/* As a kill of the process: everything fails, and all that was written is still there afterwards. */
void disk_kill_in(uint64_t operations);
void disk_kill(void);

bool disk_is_on(void);

/* What survived is what is there, in memory and on the disk. Descriptors and maps are gone with the
 * process that had them. */
void disk_restart(void);

/* A sync is known by what it syncs: "data of state/intake/#.segment", "names in state/intake, last
 * #.segment"; digits are told as #. A phase that was set stands before it. Every class seen gets a row. */
struct disk_class {
    char name[160];
    uint64_t syncs;
};
size_t disk_classes(const struct disk_class **out);
void disk_phase(const char *name);

/* Syncs of this class do nothing from now on and say that all is well; NULL: none. A * at the end
 * stands for whatever follows. Copies. */
void disk_leave_out(const char *name);

/* The files. Flags are those of open(2). */
bool disk_has(const char *path);                     /* whether the path is one of this disk */
int disk_open(const char *path, int flags);
void disk_close(int fd);
ssize_t disk_read(int fd, void *to, size_t size, uint64_t at);
ssize_t disk_write(int fd, const void *from, size_t size, uint64_t at);
uint64_t *disk_offset(int fd);                       /* where read(2) and write(2) stand */
int disk_truncate(int fd, uint64_t size);
int disk_sync(int fd);
int disk_rename(const char *from, const char *to);
int disk_remove(const char *path);
int disk_make_directory(const char *path);
int disk_sync_directory(const char *path);

/* What stands there. */
struct disk_stat {
    uint64_t size, inode;
    bool is_directory;
};
int disk_stat(const char *path, struct disk_stat *out);
int disk_stat_open(int fd, struct disk_stat *out);
int disk_list(const char *path, void (*on_name)(void *self, const char *name), void *self);

/* All maps of a file share its memory. A mapped file does not grow. unmap tells whether it was a map. */
int disk_map(int fd, void **out);
bool disk_unmap(const void *at);

#endif
