/* What lasts. A sync makes the bytes of a file last, or the names in a directory; a power cut decides
 * for everything else.
 *
 * Sectors are decided one by one, but the odds are drawn once for each file and cut, from none to all:
 * else the cuts that hurt, where one file came through whole and its neighbour not at all, would never
 * be seen. A change of a name is whole or not at all (a rename never loses both names), and one that
 * builds on a lost one is lost too.
 *
 * The kernel writes back when it likes: about one operation in eight lets chance make some sectors of
 * some file last, and some changes of names. So what is found after a cut is not always either the last
 * sync or the last write, but any state between, sector by sector.
 *
 * A sync that was left out gets a disk that takes the lie badly, which a disk may: what it should have
 * made last is written back by no chance any more, only by another sync; the power goes soon behind it in
 * one case of four, and half of the cuts then take all of it. Else most lies would be healed by luck
 * before anything came to rest on them. */
#include "disk_inside.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define OF 8u
#define SOON 30u                 /* operations */

uint32_t disk_chance(uint32_t of)
{
    disk.seed = disk.seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(disk.seed >> 33) % of;
}

static uint32_t draw_odds(void)
{
    static const uint32_t odds[] = { 0, 1, 4, 7, OF };
    return odds[disk_chance(sizeof odds / sizeof *odds)];
}

/* Bytes. */

static void size_lasts(struct node *n)
{
    n->lasting = realloc(n->lasting, n->size + 1);
    if (n->lasting == NULL)
        abort();
    if (n->size > n->lasting_size)
        memset(n->lasting + n->lasting_size, 0, n->size - n->lasting_size);
    n->lasting_size = n->size;
}

/* `odds` of 8 of the sectors that differ last now. A file that grew or shrank may have its old size. */
static void some_lasts(struct node *n, uint32_t odds)
{
    if (n->is_directory)
        return;
    if (n->size != n->lasting_size && disk_chance(OF) < odds)
        size_lasts(n);
    size_t size = n->size < n->lasting_size ? n->size : n->lasting_size;
    for (size_t at = 0; at < size && odds > 0; at += SECTOR) {
        size_t part = size - at < SECTOR ? size - at : SECTOR;
        if (memcmp(n->now + at, n->lasting + at, part) != 0 && disk_chance(OF) < odds)
            memcpy(n->lasting + at, n->now + at, part);
    }
}

static void all_lasts(struct node *n)
{
    size_lasts(n);
    if (n->size > 0)
        memcpy(n->lasting, n->now, n->size);
}

/* Names. */

void disk_change(enum change_kind kind, const char *path, const char *to, struct node *node)
{
    if (disk.n_changes == DISK_CHANGES_MOST)
        abort();
    struct change *c = &disk.changes[disk.n_changes++];
    *c = (struct change){ .kind = kind, .node = node };
    snprintf(c->path, sizeof c->path, "%s", path);
    snprintf(c->to, sizeof c->to, "%s", to);
}

static void change_lasts(const struct change *c)
{
    disk_name(c->path)->lasting = c->kind == CHANGE_CREATE ? c->node : NULL;
    if (c->kind == CHANGE_RENAME)
        disk_name(c->to)->lasting = c->node;
}

static bool is_about(const struct change *c, const char *path)
{
    return path[0] != '\0' && (strcmp(c->path, path) == 0 || strcmp(c->to, path) == 0);
}

/* Whether c builds on one of the n changes that stand before it and do not last yet. */
static bool builds_on(const struct change *before, size_t n, const struct change *c)
{
    for (size_t i = 0; i < n; i++)
        if (is_about(&before[i], c->path) || is_about(&before[i], c->to) ||
            before[i].node == c->node)
            return true;
    return false;
}

static bool is_made_in(const struct change *c, const char *directory)
{
    return disk_is_in(c->path, directory) || disk_is_in(c->to, directory);
}

/* Of the changes in `directory` (NULL: everywhere), `odds` of 8 last now; the others stay open. */
static void some_names_last(const char *directory, uint32_t odds)
{
    bool is_sync = directory != NULL;
    size_t kept = 0;
    for (size_t i = 0; i < disk.n_changes; i++) {
        struct change c = disk.changes[i];
        bool is_here = directory == NULL || is_made_in(&c, directory);
        bool may_last = !c.is_lied_about || is_sync;
        if (is_here && may_last && disk_chance(OF) < odds && !builds_on(disk.changes, kept, &c))
            change_lasts(&c);
        else
            disk.changes[kept++] = c;
    }
    disk.n_changes = kept;
}

/* Operations. */

static void write_back(void)
{
    if (disk_chance(8) != 0)
        return;
    struct node *n = disk.nodes[disk_chance((uint32_t)disk.n_nodes)];
    if (!n->is_lied_about)
        some_lasts(n, draw_odds());
    if (disk_chance(4) == 0)
        some_names_last(NULL, draw_odds());
}

int disk_operation(void)
{
    if (disk.cut_in > 0 && --disk.cut_in == 0) {
        if (disk.is_kill)
            disk_kill();
        else
            disk_cut();
    }
    if (disk.is_off)
        return -EIO;
    write_back();
    return 0;
}

/* Syncs, and what they are called. */

/* Without the root, and with each run of digits told as #. */
static void put_pattern(char *out, size_t room, const char *path)
{
    size_t n = strlen(out);
    const char *at = strlen(path) > sizeof DISK_ROOT ? path + sizeof DISK_ROOT : "/";
    for (; *at != '\0' && n + 2 < room; at++) {
        bool is_digit = isdigit((unsigned char)*at) != 0;
        if (is_digit && n > 0 && out[n - 1] == '#')
            continue;
        out[n++] = is_digit ? '#' : *at;
    }
    out[n] = '\0';
}

static void name_class(const struct node *n, char *out, size_t room)
{
    const char *path = disk_path_of(n), *last = "";
    snprintf(out, room, "%s%s of ", disk.phase, n->is_directory ? "names" : "data");
    put_pattern(out, room, path == NULL ? "/removed" : path);
    if (!n->is_directory || path == NULL)
        return;
    for (size_t i = 0; i < disk.n_changes; i++)
        if (disk_is_in(disk.changes[i].path, path))
            last = disk.changes[i].kind == CHANGE_RENAME ? disk.changes[i].to : disk.changes[i].path;
    snprintf(out + strlen(out), room - strlen(out), ", last ");
    put_pattern(out, room, last);
}

static struct disk_class *find_class(const char *name)
{
    for (size_t i = 0; i < disk.n_classes; i++)
        if (strcmp(disk.classes[i].name, name) == 0)
            return &disk.classes[i];
    if (disk.n_classes == DISK_CLASSES_MOST)
        abort();
    struct disk_class *c = &disk.classes[disk.n_classes++];
    *c = (struct disk_class){ 0 };
    snprintf(c->name, sizeof c->name, "%s", name);
    return c;
}

static bool is_left_out(const char *name, const char *left_out)
{
    size_t n = strlen(left_out);
    return n > 0 && left_out[n - 1] == '*' ? strncmp(name, left_out, n - 1) == 0
                                           : strcmp(name, left_out) == 0;
}

bool disk_is_synced(const struct node *n)
{
    char name[sizeof disk.left_out];
    name_class(n, name, sizeof name);
    find_class(name)->syncs++;
    return !is_left_out(name, disk.left_out);
}

/* Nothing is done, and nothing will be until another sync. */
static void lie_about(struct node *n, const char *path)
{
    n->is_lied_about = true;
    for (size_t i = 0; i < disk.n_changes && n->is_directory; i++)
        if (is_made_in(&disk.changes[i], path))
            disk.changes[i].is_lied_about = true;
    if (disk.cut_in > 0 && !disk.is_kill && disk_chance(4) == 0)
        disk.cut_in = 1 + disk_chance(1 + disk_chance(SOON));
}

/* Such a sync is none that anything could rest on: it gets no name and is not left out. */
static bool has_nothing_to_do(const struct node *n, const char *path)
{
    for (size_t i = 0; i < disk.n_changes && n->is_directory; i++)
        if (is_made_in(&disk.changes[i], path))
            return false;
    return n->is_directory || (n->size == n->lasting_size && (n->size == 0 ||
                               memcmp(n->now, n->lasting, n->size) == 0));
}

static int sync_node(struct node *n)
{
    int rc = disk_operation();
    if (rc != 0)
        return rc;
    const char *path = disk_path_of(n);
    path = path == NULL ? "" : path;
    if (has_nothing_to_do(n, path))
        return 0;
    if (!disk_is_synced(n)) {
        lie_about(n, path);
        return 0;
    }
    if (n->is_directory)
        some_names_last(path, OF);
    else
        all_lasts(n);
    n->is_lied_about = false;
    return 0;
}

int disk_sync(int fd)
{
    return sync_node(disk.open[fd - DISK_FD].node);
}

int disk_sync_directory(const char *path)
{
    struct node *n = disk_name(path)->now;
    return n == NULL ? -ENOENT : sync_node(n);
}

size_t disk_classes(const struct disk_class **out)
{
    *out = disk.classes;
    return disk.n_classes;
}

void disk_phase(const char *name)
{
    disk.phase = name;
}

void disk_leave_out(const char *name)
{
    snprintf(disk.left_out, sizeof disk.left_out, "%s", name == NULL ? "" : name);
}

/* Power. */

bool disk_is_on(void)
{
    return !disk.is_off;
}

void disk_cut_in(uint64_t operations)
{
    disk.cut_in = operations;
    disk.is_kill = false;
}

void disk_kill_in(uint64_t operations)
{
    disk.cut_in = operations;
    disk.is_kill = true;
}

/* A directory that did not last takes along what stands in it. */
static bool has_lasting_directory(const struct name *n)
{
    char parent[DISK_NAME_MOST];
    snprintf(parent, sizeof parent, "%s", n->path);
    for (char *slash = strrchr(parent, '/'); slash != parent; slash = strrchr(parent, '/')) {
        *slash = '\0';
        if (disk_name(parent)->lasting == NULL)
            return false;
    }
    return true;
}

static uint32_t cut_odds(const struct node *n)
{
    return n->is_lied_about && disk_chance(2) == 0 ? 0 : draw_odds();
}

/* Of the names that were lied about, all may last after all. */
static void believe_some_lies(void)
{
    if (disk_chance(2) == 0)
        return;
    for (size_t i = 0; i < disk.n_changes; i++)
        disk.changes[i].is_lied_about = false;
}

void disk_cut(void)
{
    if (disk.is_off)
        return;
    disk.is_off = true;
    disk.cut_in = 0;
    for (size_t i = 0; i < disk.n_nodes; i++)
        some_lasts(disk.nodes[i], cut_odds(disk.nodes[i]));
    believe_some_lies();
    some_names_last(NULL, draw_odds());
    disk.n_changes = 0;
    for (size_t i = 0; i < disk.n_names; i++)
        if (disk.names[i].lasting != NULL && !has_lasting_directory(&disk.names[i]))
            disk.names[i].lasting = NULL;
    disk.has_forgotten = true;
}

void disk_kill(void)
{
    disk.is_off = true;
    disk.cut_in = 0;
}
