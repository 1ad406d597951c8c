/* The deep check: state and summaries are computed once more, from the beginning or the oldest base that
 * the journals go on behind, up to the store's position, in a store of their own; then the two are held
 * against each other, summary by summary and row by row. It is what a replay does, and it takes as long.
 *
 * A HOLE says that the state went on without all that came before, so nothing is computed across one.
 * Closed windows are compared only when everything was computed: a base leaves out those that nothing
 * can reach any more. Which format a summary had is told by the one that it is held against. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/again.h"
#include "command/verify_private.h"
#include "payload.h"

#define DIFFER "they differ in the store or in the journals; keep both, restore a backup, and report it"

struct comparison {
    struct verify *verify;
    struct again *again;
    struct store *held;              /* the store's copy */
    struct arena encoding, left, right;
    uint64_t compared, rows;
};

/* As the summary that it will be held against was encoded. */
static void encode_alike(void *self, const struct plan *plan, const struct summary *s,
                         struct pipeline_encoded *out)
{
    struct comparison *a = self;
    struct payload payload = { .format = PUBLISH_PROTOBUF };
    struct store_summary held;
    arena_reset(&a->encoding);
    if (store_history_next(a->held, s->epoch_ordinal, s->sequence - 1, &a->encoding, &held) == 0 &&
        held.payload.size > 0 && held.payload.at[0] == '{')
        payload.format = PUBLISH_JSON;
    payload_encode(&payload, plan, s, out);
}

/* Comparing summaries. */

static int order(const struct store_summary *x, const struct store_summary *y)
{
    if (x->epoch_ordinal != y->epoch_ordinal)
        return x->epoch_ordinal < y->epoch_ordinal ? -1 : 1;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static void compare_summary(struct comparison *a, const struct store_summary *held, const struct store_summary *computed)
{
    a->compared++;
    if (slice_equal(held->payload, computed->payload) && strcmp(held->id, computed->id) == 0 &&
        strcmp(held->topic, computed->topic) == 0)
        return;
    verify_fault(a->verify, "summary %" PRIu32 "/%" PRIu64 " (%s, %s) is not what the journals give – " DIFFER,
                 held->epoch_ordinal, held->sequence, held->site, held->period);
}

/* What was acknowledged and is older than the first that is kept may have been forgotten. */
static void tell_missing(struct comparison *a, const struct store_summary *s)
{
    const struct store_checked *c = &a->verify->checked;
    struct store_summary first = { .epoch_ordinal = c->first_ordinal, .sequence = c->first_sequence };
    if (c->first_sequence > 0 && order(s, &first) > 0)
        verify_fault(a->verify, "summary %" PRIu32 "/%" PRIu64 " (%s, %s) comes of the journals and is not in "
                     "the store – " DIFFER, s->epoch_ordinal, s->sequence, s->site, s->period);
}

static void tell_extra(struct comparison *a, const struct store_summary *s)
{
    verify_fault(a->verify, "summary %" PRIu32 "/%" PRIu64 " (%s, %s) is in the store and does not come of the "
                 "journals – " DIFFER, s->epoch_ordinal, s->sequence, s->site, s->period);
}

static int next(struct store *s, struct arena *arena, struct store_summary *at)
{
    uint32_t ordinal = at->epoch_ordinal;
    uint64_t sequence = at->sequence;
    arena_reset(arena);
    return store_history_next(s, ordinal, sequence, arena, at);
}

/* Both in the order of sending; what was held before the first that was computed is not ours to judge. */
static int compare_summaries(struct comparison *a)
{
    struct store_summary held = { 0 }, computed = { 0 };
    int more = next(again_store(a->again), &a->right, &computed);
    if (more == 0) {
        held.epoch_ordinal = computed.epoch_ordinal;
        held.sequence = computed.sequence - 1;
    }
    int other = more == 0 ? next(a->held, &a->left, &held) : STORE_NONE;
    while (more >= 0 && other >= 0 && (more == 0 || other == 0)) {
        int side = more != 0 ? -1 : other != 0 ? 1 : order(&held, &computed);
        if (side == 0)
            compare_summary(a, &held, &computed);
        else if (side < 0)
            tell_extra(a, &held);
        else
            tell_missing(a, &computed);
        if (side >= 0)
            more = next(again_store(a->again), &a->right, &computed);
        if (side <= 0)
            other = next(a->held, &a->left, &held);
    }
    return more < 0 ? more : other < 0 ? other : 0;
}

/* Comparing the state. */

static int next_row(struct store_snapshot *s, bool wants_windows, enum stage *stage, struct slice *key,
                    struct slice *value)
{
    int rc;
    do
        rc = store_snapshot_state(s, stage, key, value);
    while (rc == 0 && *stage == STAGE_WINDOW && !wants_windows);
    return rc;
}

static int order_rows(enum stage x, struct slice x_key, enum stage y, struct slice y_key)
{
    if (x != y)
        return x < y ? -1 : 1;
    size_t n = x_key.size < y_key.size ? x_key.size : y_key.size;
    int rc = n > 0 ? memcmp(x_key.at, y_key.at, n) : 0;
    return rc != 0 ? rc : (x_key.size > y_key.size) - (x_key.size < y_key.size);
}

static void tell_row(struct comparison *a, enum stage stage, struct slice key, const char *what)
{
    char name[64];
    size_t n = 0;
    for (size_t i = 0; i < key.size && n + 1 < sizeof name; i++)
        name[n++] = key.at[i] >= ' ' && key.at[i] < 127 ? (char)key.at[i] : '.';
    name[n] = '\0';
    verify_fault(a->verify, "state row \"%s\" of stage %d %s – " DIFFER, name, (int)stage, what);
}

static int compare_rows(struct comparison *a, struct store_snapshot *held, struct store_snapshot *computed)
{
    enum stage hs, cs;
    struct slice hk, hv, ck, cv;
    bool wants_windows = again_base(a->again) == 0;
    int h = next_row(held, wants_windows, &hs, &hk, &hv), c = next_row(computed, wants_windows, &cs, &ck, &cv);
    while (h >= 0 && c >= 0 && (h == 0 || c == 0)) {
        int side = h != 0 ? 1 : c != 0 ? -1 : order_rows(hs, hk, cs, ck);
        a->rows += side == 0;
        if (side < 0)
            tell_row(a, hs, hk, "does not come of the journals");
        else if (side > 0)
            tell_row(a, cs, ck, "is missing in the store");
        else if (!slice_equal(hv, cv))
            tell_row(a, hs, hk, "is not what the journals give");
        if (side <= 0)
            h = next_row(held, wants_windows, &hs, &hk, &hv);
        if (side >= 0)
            c = next_row(computed, wants_windows, &cs, &ck, &cv);
    }
    return h < 0 ? h : c < 0 ? c : 0;
}

static int compare_states(struct comparison *a)
{
    struct store_snapshot *held = NULL, *computed = NULL;
    int rc = store_snapshot_open(a->verify->copy, &held);
    if (rc == 0)
        rc = store_snapshot_open(a->verify->again, &computed);
    if (rc == 0)
        rc = compare_rows(a, held, computed);
    store_snapshot_close(held);
    store_snapshot_close(computed);
    return rc;
}

/* All of it. */

static int compute(struct comparison *a)
{
    int rc = again_follow(a->again);
    if (rc != 0)
        verify_fault(a->verify, "it cannot be computed again, for the reason that standard error tells – if the "
                     "journals above are right, report it");
    else if ((rc = compare_summaries(a)) == 0)
        rc = compare_states(a);
    return rc < 0 ? rc : 0;
}

static int open_again(struct comparison *a)
{
    struct verify *v = a->verify;
    struct again_conf conf = {
        .places = &v->places,
        .plugins = v->plugins,
        .store = v->again,
        .reach = { v->logbook.id, v->logbook.first, v->intake.id, v->intake.first, v->last_hole, v->position },
        .pipeline = { .encode = encode_alike, .encode_self = a },
    };
    int rc = store_open(v->copy, &a->held);
    return rc == 0 ? again_open(&conf, &a->again) : rc;
}

static void tell(struct comparison *a, bool could)
{
    struct verify *v = a->verify;
    if (could)
        verify_end(v, "%" PRIu64 " summaries and %" PRIu64 " rows of the state, from entry %" PRIu64 " to %" PRIu64
                   ", byte by byte", a->compared, a->rows, again_base(a->again) + 1, v->position);
    else
        verify_skip(v, "the journals reach back neither to their beginning nor to a base at or before entry %"
                    PRIu64 " with no hole behind it", v->position);
}

int verify_again(struct verify *v)
{
    struct comparison a = { .verify = v };
    arena_init(&a.encoding, 0);
    arena_init(&a.left, 0);
    arena_init(&a.right, 0);

    verify_begin(v, "computed again");
    int rc = open_again(&a);
    bool could = rc == 0;
    if (could)
        rc = compute(&a);
    if (rc >= 0)
        tell(&a, could);
    again_close(a.again);
    store_close(a.held);
    arena_fini(&a.encoding);
    arena_fini(&a.left);
    arena_fini(&a.right);
    return rc < 0 ? rc : 0;
}
