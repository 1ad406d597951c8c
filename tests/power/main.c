/* power: lives of a gateway whose power goes.
 *
 *   power lives [--seeds N] [--first SEED]       every promise is kept in every one of them
 *   power syncs [--seeds N]                      and not any more when any one sync is left out
 *
 * Each seed is lived twice, with durability `power` and `process`. `syncs` first learns what syncs there
 * are, by their names (disk.h), then leaves out one after the other, each in a process of its own (a
 * gateway that is lied to may die of it), until a promise is broken; the exceptions stand in a table
 * with their reasons. What the gateway itself logs is dropped, unless POWER_VERBOSE is set. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "life.h"
#include "vfs.h"

static const char *const durabilities[] = { "process", "power" };

/* Syncs on which no promise rests alone, and why they are there all the same. Those that only stand beside
 * others are left out `together` with them, and that is noticed. */
static const struct spare {
    const char *name, *together, *reason;
} spare_syncs[] = {
    { "opening: names of state, last state/logbook", "opening: names of state,*",
      "SQLite syncs this directory before its first commit, and nothing is relied on earlier" },
    { "opening: names of state, last state/intake", "opening: names of state,*",
      "the file epoch is named here next, and synced, before a message is taken" },
    { "opening: names of state, last state/store.sqlite-journal", "opening: names of state,*",
      "SQLite's own; the WAL's name follows before the first commit is over" },
    { "opening: data of state/store.sqlite-journal", NULL,
      "SQLite's own, and only while it makes a new file: half of one is set aside, and nothing was in it" },
    { "opening: names of state/intake, last state/intake/in_hand", NULL,
      "a power cut may take it: it is made again, and a message that brings the process down needs one crash "
      "more" },
    { "opening: names of state/logbook, last state/logbook/#.segment.damaged", NULL,
      "behind a cut the segment bears its old name, is found as it was, and is set aside again" },
    { "opening: names of state/intake, last state/intake/#.segment.damaged", NULL,
      "likewise" },
    { NULL, NULL, NULL },
};

struct totals {
    uint64_t lives, messages, cuts, kills, lost, summaries;
};

/* 0, or 1: a promise was broken, and it was told. */
static int live_one(uint64_t seed, bool is_power, struct totals *t, struct life_result *r)
{
    life_live(seed, is_power, r);
    t->lives++;
    t->messages += r->messages;
    t->cuts += r->cuts;
    t->kills += r->kills;
    t->lost += r->lost;
    t->summaries += r->summaries;
    return r->broken[0] == '\0' ? 0 : 1;
}

static int live_all(uint64_t first, uint64_t seeds)
{
    int broken = 0;
    for (int is_power = 0; is_power < 2; is_power++) {
        struct totals t = { 0 };
        int broken_here = 0;
        for (uint64_t seed = first; seed < first + seeds; seed++) {
            struct life_result r;
            if (live_one(seed, is_power != 0, &t, &r) == 0)
                continue;
            broken_here++;
            printf("seed %" PRIu64 ", durability %s: %s\n", seed, durabilities[is_power], r.broken);
        }
        printf("durability %-7s  lives %" PRIu64 "  cuts %" PRIu64 "  kills %" PRIu64 "  messages %" PRIu64
               "  lost within the bound %" PRIu64 "  summaries %" PRIu64 "  broken promises %d\n",
               durabilities[is_power], t.lives, t.cuts, t.kills, t.messages, t.lost, t.summaries,
               broken_here);
        fflush(stdout);
        broken += broken_here;
    }
    return broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Syncs left out. */

static void list_classes(uint64_t seeds, struct disk_class *out, size_t room, size_t *n)
{
    *n = 0;
    for (uint64_t i = 0; i < seeds * 2; i++) {
        const struct disk_class *seen;
        struct life_result r;
        life_live(1 + i / 2, i % 2 == 1, &r);
        size_t n_seen = disk_classes(&seen);
        for (size_t k = 0; k < n_seen; k++) {
            size_t at = 0;
            while (at < *n && strcmp(out[at].name, seen[k].name) != 0)
                at++;
            if (at == *n && *n < room)
                out[(*n)++] = (struct disk_class){ 0 };
            if (at < *n) {
                uint64_t syncs = out[at].syncs + seen[k].syncs;
                out[at] = seen[k];
                out[at].syncs = syncs;
            }
        }
    }
}

/* Whether the promise holds in that life when nothing is left out: else nothing was noticed. */
static bool is_well_with(uint64_t seed, bool is_power)
{
    struct life_result r;
    life_leave_out(NULL);
    life_live(seed, is_power, &r);
    return r.broken[0] == '\0';
}

/* The child: lives until a promise is broken, and says which on `to`. Lives without it again and again
 * when nothing is. */
static _Noreturn void live_without(const char *name, uint64_t seeds, int to)
{
    for (uint64_t i = 0; i < seeds * 2; i++) {
        struct life_result r;
        life_leave_out(name);
        life_live(1 + i / 2, i % 2 == 1, &r);
        if (r.broken[0] == '\0' || !is_well_with(1 + i / 2, i % 2 == 1))
            continue;
        dprintf(to, "seed %" PRIu64 ", durability %s: %s", 1 + i / 2, durabilities[i % 2], r.broken);
        _exit(EXIT_SUCCESS);
    }
    _exit(EXIT_FAILURE);
}

/* Whether somebody noticed; what was noticed goes into out. */
static bool is_noticed(const char *name, uint64_t seeds, char *out, size_t room)
{
    int ends[2], status = 0;
    if (pipe(ends) != 0)
        abort();
    pid_t child = fork();
    if (child == 0)
        live_without(name, seeds, ends[1]);
    close(ends[1]);
    ssize_t n = read(ends[0], out, room - 1);
    out[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        snprintf(out, room, "the gateway died of it");
    return out[0] != '\0';
}

static const struct spare *spare_of(const char *name)
{
    for (size_t i = 0; spare_syncs[i].name != NULL; i++)
        if (strcmp(spare_syncs[i].name, name) == 0)
            return &spare_syncs[i];
    return NULL;
}

/* Whether it is as it should be: noticed by itself, or spare and noticed together with what it stands
 * beside. */
static bool leave_out_one(const char *name, uint64_t seeds)
{
    char what[300] = "";
    const struct spare *spare = spare_of(name);
    const char *left_out = spare == NULL ? name : spare->together;
    bool was_noticed = left_out != NULL && is_noticed(left_out, seeds, what, sizeof what);
    bool is_well = was_noticed || left_out == NULL;
    printf("%-9s %s\n", !is_well ? "UNNOTICED" : spare != NULL ? "spare" : "noticed", name);
    if (spare != NULL)
        printf("          %s\n", spare->reason);
    if (left_out != NULL && spare != NULL)
        printf("          together, as %s:\n", left_out);
    if (left_out != NULL)
        printf("          %s\n", was_noticed ? what : "no promise was broken");
    fflush(stdout);
    return is_well;
}

static int leave_out_each(uint64_t seeds)
{
    static struct disk_class classes[128];
    size_t n;
    int unnoticed = 0;
    list_classes(6, classes, sizeof classes / sizeof *classes, &n);
    for (size_t i = 0; i < n; i++)
        unnoticed += !leave_out_one(classes[i].name, seeds);
    printf("syncs %zu  unnoticed %d\n", n, unnoticed);
    return unnoticed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static uint64_t number_behind(int argc, char **argv, const char *name, uint64_t preset)
{
    for (int i = 2; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    return preset;
}

int main(int argc, char **argv)
{
    bool is_lives = argc > 1 && strcmp(argv[1], "lives") == 0;
    if (!is_lives && (argc < 2 || strcmp(argv[1], "syncs") != 0)) {
        printf("usage: power lives [--seeds N] [--first SEED] | power syncs [--seeds N]\n");
        return EXIT_FAILURE;
    }
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (getenv("POWER_VERBOSE") == NULL && nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    vfs_register();
    return is_lives ? live_all(number_behind(argc, argv, "--first", 1),
                               number_behind(argc, argv, "--seeds", 20))
                    : leave_out_each(number_behind(argc, argv, "--seeds", 60));
}
