/* What `check` tells beyond the mistakes that keep a gateway from running: files that are not there on
 * this machine, and what is allowed but probably not meant. `run` asks for none of it: a credential file
 * may come later, and is read at every attempt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "conf.h"
#include "publish/lanes.h"

#define FILE_BYTES_MOST ((size_t)4 << 20)

struct remarks {
    const struct conf *conf;
    struct slice yaml;
    struct problems warnings, mistakes;
};

static void look_for_file(struct remarks *r, const char *section, const char *key, const char *path)
{
    char where[64];
    if (!path || !*path || access(path, R_OK) == 0)
        return;
    snprintf(where, sizeof where, "%s.%s", section, key);
    problem_add(&r->mistakes, option_place(r->yaml, where), "%s: %s cannot be read by this user – put the file "
                "there, or mend its owner and mode", key, path);
}

static void look_for_files(struct remarks *r, const char *section, const struct link_conf *link)
{
    look_for_file(r, section, "user_file", link->user_file);
    look_for_file(r, section, "password_file", link->password_file);
    look_for_file(r, section, "ca_file", link->ca_file);
}

/* A reading counts as late when `keep` newer ones of its point are there, however young it is. */
static void look_at_bounds(struct remarks *r, const struct point *pt)
{
    int64_t period_us = pt->kind == POINT_INTERVAL ? pt->interval_us : pt->period_us;
    int64_t needed = period_us > 0 ? (pt->lateness_us + period_us - 1) / period_us : 0;
    if (pt->keep >= needed)
        return;
    problem_add(&r->warnings, pt->place, "point \"%s\": keep: %lld readings reach back %lld s, less than its "
                "lateness of %lld s; what is older is late – raise keep to %lld", pt->id, (long long)pt->keep,
                (long long)(pt->keep * (period_us / 1000000)), (long long)(pt->lateness_us / 1000000),
                (long long)needed);
}

/* Only what is imported is multiplied, but a stream's activity is the sum of all its fiscal points. */
static void look_at_directions(struct remarks *r, const struct plan *p, const struct stream *s)
{
    int first = -1;
    for (size_t i = 0; i < p->n_points; i++) {
        const struct point *pt = &p->points[i];
        if (pt->stream != s->index || pt->role != ROLE_FISCAL)
            continue;
        if (first >= 0 && pt->direction != first) {
            problem_add(&r->warnings, pt->place, "stream \"%s\": its points flow in several directions, and its "
                        "activity adds them all up – give each direction a stream of its own", s->id);
            return;
        }
        first = pt->direction;
    }
}

static void look_at_factor(struct remarks *r, const struct factor *f)
{
    if (f->valid_to_date == 0)
        problem_add(&r->warnings, f->place, "factor \"%s\" version \"%s\" has no valid_to: it applies until the "
                    "next one is configured, however old it gets", f->id, f->version);
}

static void look_at_disk(struct remarks *r)
{
    const struct conf_journal *j = &r->conf->journal;
    if (j->reserve_bytes < j->segment_bytes)
        problem_add(&r->warnings, option_place(r->yaml, "journal.reserve"), "reserve is smaller than a segment: "
                    "on a full disk what is in flight may find no room for the next one – raise reserve");
}

/* Given up is only what lies behind all that was ever sent, and what is newest was sent. */
static void look_at_bound(struct remarks *r)
{
    if (r->conf->store.at_bound == STORE_DROPS_OLDEST && r->conf->publish.order == PUBLISH_NEWEST_FIRST)
        problem_add(&r->warnings, option_place(r->yaml, "publish.order"), "order: newest_first leaves "
                    "store.at_bound: drop_oldest little to give up, since nothing is dropped that lies before "
                    "a summary that was ever sent; the gateway may pause at the bound all the same – use "
                    "oldest_first, or raise store.most");
}

static void look(struct remarks *r)
{
    const struct plan *p = &r->conf->plan;
    look_for_files(r, "ingest", &r->conf->ingest.link);
    look_for_files(r, "publish", &r->conf->publish.link);
    for (size_t i = 0; i < p->n_points; i++)
        look_at_bounds(r, &p->points[i]);
    for (size_t i = 0; i < p->n_streams; i++)
        look_at_directions(r, p, &p->streams[i]);
    for (size_t i = 0; i < p->n_factors; i++)
        look_at_factor(r, &p->factors[i]);
    look_at_disk(r);
    look_at_bound(r);
}

static void print(const struct problems *problems)
{
    struct buffer text = { 0 };
    problems_print(problems, &text);
    fwrite(text.at, 1, text.size, stderr);
    buffer_fini(&text);
}

int conf_remark(const char *path, const struct conf *conf)
{
    char *text = NULL, *warning;
    size_t size = 0;
    struct arena arena;
    struct remarks r = { .conf = conf };

    arena_init(&arena, 0);
    if (file_read_all(path, FILE_BYTES_MOST, &text, &size) == 0)
        r.yaml = (struct slice){ (const uint8_t *)text, size };
    if (asprintf(&warning, "warning: %s", path) < 0)
        abort();
    problems_init(&r.warnings, warning, &arena);
    problems_init(&r.mistakes, path, &arena);
    look(&r);
    print(&r.warnings);
    print(&r.mistakes);
    int rc = r.mistakes.n > 0 ? OPTION_WRONG : 0;
    problems_fini(&r.warnings);
    problems_fini(&r.mistakes);
    arena_fini(&arena);
    free(warning);
    free(text);
    return rc;
}
