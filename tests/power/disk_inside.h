/* What disk.c (files and names as the program sees them) and fate.c (what of it lasts) share. */
#ifndef POWER_DISK_INSIDE_H
#define POWER_DISK_INSIDE_H

#include <limits.h>

#include "disk.h"

#define DISK_NAME_MOST 128
#define DISK_NAMES_MOST 512
#define DISK_NODES_MOST 2048
#define DISK_OPEN_MOST 128
#define DISK_CHANGES_MOST 512
#define DISK_CLASSES_MOST 64

/* A file's bytes as the page cache has them, and as they last. A directory has none. */
struct node {
    uint64_t inode;
    bool is_directory;
    bool is_lied_about;              /* a sync was left out, and none has followed */
    uint8_t *now, *lasting;
    size_t size, lasting_size;
    unsigned maps;
};

struct name {
    char path[DISK_NAME_MOST];
    struct node *now, *lasting;
};

/* A change of names that may be lost still. In the order in which they were made. */
enum change_kind { CHANGE_CREATE, CHANGE_REMOVE, CHANGE_RENAME };
struct change {
    enum change_kind kind;
    char path[DISK_NAME_MOST], to[DISK_NAME_MOST];
    struct node *node;
    bool is_lied_about;
};

struct descriptor {
    struct node *node;               /* NULL: free */
    uint64_t offset;
};

struct disk {
    struct node *nodes[DISK_NODES_MOST];             /* all there were since the last restart */
    size_t n_nodes;
    struct name names[DISK_NAMES_MOST];
    size_t n_names;
    struct change changes[DISK_CHANGES_MOST];
    size_t n_changes;
    struct descriptor open[DISK_OPEN_MOST];
    struct disk_class classes[DISK_CLASSES_MOST];
    size_t n_classes;
    const char *phase;
    char left_out[sizeof ((struct disk_class *)0)->name];
    uint64_t seed, inodes, cut_in;
    bool is_kill;                    /* what comes in `cut_in` operations */
    bool is_off, has_forgotten;      /* forgotten: by a cut, not a kill */
};

extern struct disk disk;

uint32_t disk_chance(uint32_t of);

/* Counts an operation: 0, or -EIO because the power is gone or goes now. Now and then some of what is
 * not synced is written back. */
int disk_operation(void);

struct name *disk_name(const char *path);            /* made if it is not there */
const char *disk_path_of(const struct node *n);      /* NULL: it has no name any more */
bool disk_is_in(const char *path, const char *directory);
void disk_change(enum change_kind kind, const char *path, const char *to, struct node *node);

/* Whether this sync is to be done; counts it. */
bool disk_is_synced(const struct node *n);

#endif
