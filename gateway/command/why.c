/* carbon-gateway why: the tree behind a published number.
 *
 * The log book is followed again up to the entry that brought the summary about, over the readings in journal and
 * archive and under the factor text of the log book's own CONFIG entries. What comes out is held against what was
 * published, byte by byte, and on the way a tap gathers the readings and amounts of the window. So the number is
 * computed from what was written down, and no stored result is believed; only where the journals no longer reach back
 * that far does it begin at a base, and then it says what lies beyond the archive. */
#include "command/why.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/command.h"
#include "payload.h"
#include "publish/encode.h"

/* --- which window --- */

/* The site, period and start of "gateway/epoch/site/period/start/revision"; false: it is no such id. */
static bool read_id(struct why *w, const char **site, int64_t *start_us, int64_t *end_us)
{
    char *copy = arena_text(&w->arena, slice_of(w->id)), *parts[6];
    size_t n = 0;
    for (char *at = copy; at && n < 6; at = strchr(at, '/')) {
        if (n > 0)
            *at++ = '\0';
        parts[n++] = at;
    }
    if (n < 6 || strlen(parts[4]) != 17)
        return false;
    char start[32];
    snprintf(start, sizeof start, "%.16s:00Z", parts[4]);
    if (time_parse(start, start_us) != 0)
        return false;
    for (int p = 0; p < PERIOD_COUNT; p++) {
        if (strcmp(period_names[p], parts[3]) != 0)
            continue;
        *site = parts[2];
        *end_us = *start_us + period_longest_us((enum period)p);
        return true;
    }
    return false;
}

static void find_window(struct why *w)
{
    const char *site = NULL;
    int64_t start_us = 0, end_us = 0;
    if (w->is_held && strcmp(w->held.site, "-") != 0) {
        site = w->held.site;
        start_us = w->held.start_us;
        end_us = w->held.end_us;
    } else if (w->is_held || !read_id(w, &site, &start_us, &end_us)) {
        return;
    }
    trail_init(&w->trail, site, start_us, end_us);
    w->is_traced = true;
}

/* --- computing it again --- */

static bool is_it(const struct why *w, const struct pipeline_encoded *out)
{
    struct slice id = buffer_slice(&out->id);
    return id.size == strlen(w->id) && memcmp(id.at, w->id, id.size) == 0;
}

/* A republished summary bears its id once more; the first that is equal counts, or else the first. */
static void encode(void *self, const struct plan *plan, const struct summary *s, struct pipeline_encoded *out)
{
    struct why *w = self;
    encode_summary_id(plan, s, &out->id);
    if (w->is_found || !is_it(w, out))
        return;
    bool is_json = w->is_held && w->held.payload.size > 0 && w->held.payload.at[0] == '{';
    struct payload payload = { .format = is_json ? PUBLISH_JSON : PUBLISH_PROTOBUF };
    buffer_clear(&out->id);
    payload_encode(&payload, plan, s, out);
    w->is_equal = w->is_held && slice_equal(w->held.payload, buffer_slice(&out->payload));
    encode_summary(plan, s, &w->payload);
    w->is_found = true;
    if (w->is_traced)
        trail_cut(&w->trail, s->end_us);
    w->trail.is_closed = true;
}

static int compute(struct why *w)
{
    int rc = again_look(&w->past.places, w->is_held ? w->held.cause : w->past.position, &w->reach);
    if (rc < 0)
        return rc;
    struct pipeline_tap tap = trail_tap(&w->trail);
    struct again_conf conf = {
        .places = &w->past.places,
        .plugins = w->past.plugins,
        .store = w->past.again,
        .reach = w->reach,
        .pipeline = { .encode = encode, .encode_self = w, .tap = w->is_traced ? &tap : NULL },
    };
    rc = again_open(&conf, &w->again);
    w->is_unreachable = rc == AGAIN_UNREACHABLE;
    return rc == 0 ? again_follow(w->again) : rc < 0 ? rc : 0;
}

bool why_is_beyond(const struct why *w)
{
    return w->is_unreachable || again_base(w->again) > 0;
}

/* --- the command --- */

static int tell_unknown(const struct why *w)
{
    fprintf(stderr, "carbon-gateway why: no summary \"%s\" is in the store, and none comes of the journals – ids are "
            "as in the field `id` of a summary; %s\n", w->id, w->is_unreachable || why_is_beyond(w)
            ? "what is older lies beyond the archive (journal.archive)"
            : "the journals reach back to their beginning");
    return EXIT_FAILED;
}

static int print(struct why *w, bool wants_json)
{
    if (!w->is_found && w->is_held)
        buffer_put(&w->payload, w->held.payload.at, w->held.payload.size);
    json_t *tree = why_tree(w);
    if (!tree) {
        fprintf(stderr, "carbon-gateway why: the summary cannot be read – verify tells whether the store is sound\n");
        return EXIT_FAILED;
    }
    if (wants_json) {
        json_dumpf(tree, stdout, JSON_INDENT(1));
        putchar('\n');
    } else {
        why_print(tree);
    }
    json_decref(tree);
    return w->is_held && w->is_found && !w->is_equal ? EXIT_FAILED : EXIT_DONE;
}

static int explain(struct why *w, bool wants_json)
{
    int rc = past_find(&w->past, w->id, &w->arena, &w->held);
    w->is_held = rc == 0;
    if (rc < 0)
        return EXIT_FAILED;
    find_window(w);
    if (compute(w) < 0)
        return EXIT_FAILED;
    if (!w->is_held && !w->is_found)
        return tell_unknown(w);
    return print(w, wants_json);
}

int command_why(int argc, char **argv)
{
    struct past_args args = { 0 };
    struct why w = { 0 };
    bool wants_json = false;
    for (int i = 0; i < argc; i++) {
        if (past_argument(argc, argv, &i, &args))
            continue;
        if (strcmp(argv[i], "--json") == 0)
            wants_json = true;
        else if (argv[i][0] != '-' && !w.id)
            w.id = argv[i];
        else
            return command_unknown("why", argv[i]);
    }
    if (!w.id) {
        fputs("carbon-gateway why: which summary? Give the id that it was published with\n", stderr);
        return EXIT_WRONG;
    }
    arena_init(&w.arena, 0);
    int rc = past_open("why", &args, &w.past);
    if (rc == EXIT_DONE)
        rc = explain(&w, wants_json);
    again_close(w.again);
    if (w.is_traced)
        trail_fini(&w.trail);
    buffer_fini(&w.payload);
    past_close(&w.past);
    arena_fini(&w.arena);
    return rc;
}
