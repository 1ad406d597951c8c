/* What a new plan changes for what is in the windows already. For each stream of the last plan its eras are
 * kept: which rate holds from when on. A rate's key holds all that its figures depend on, so two plans say
 * the same of a time if the rates are the same, whatever else of them differs; and where they are not, the
 * site's windows from the first such instant to the last are looked at again (rerate.c). One stretch for a
 * site: ten streams of one factor are then one walk and not ten.
 *
 * If everything of a stream's own row is as it was, it is the factor that changed: reason FACTOR. Else
 * somebody gave the stream other terms (another factor, another GWP set, another zone): CONFIG.
 *
 * A point that is moved to another stream, or turned round, is no matter of rates: what it brought until
 * then stays in the stream it was measured for. A stream that comes back after a plan without it is a new
 * one, since after a restart nobody would know what it was before. */
#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "account/books.h"
#include "account/rating.h"
#include "base/hash.h"

void rerate_leave_source(struct source *source)
{
    free(source->eras);
    source->eras = NULL;
    source->n_eras = source->eras_room = 0;
}

static uint64_t terms_of(const struct plan *plan, const struct stream *s)
{
    struct buffer text = { 0 };
    buffer_put_text(&text, s->factor_id ? s->factor_id : "");
    buffer_put_text(&text, s->series ? s->series : "");
    buffer_put_text(&text, s->region ? s->region : "");
    buffer_put_text(&text, plan->sites[s->site].zone_name);
    buffer_put_u8(&text, (uint8_t)s->carry_forward);
    buffer_put_u8(&text, (uint8_t)plan->gwp_set);
    uint64_t hash = hash_bytes(buffer_slice(&text), 0);
    buffer_fini(&text);
    return hash;
}

static void add_era(struct source *to, int64_t from_us, const struct rate *rate)
{
    if (to->n_eras > 0 && to->eras[to->n_eras - 1].rate == rate)
        return;
    to->eras = array_grow(to->eras, to->n_eras, &to->eras_room, sizeof *to->eras);
    to->eras[to->n_eras++] = (struct era){ .from_us = from_us, .rate = rate };
}

/* A source that holds nothing but the eras of a stream. */
static struct source eras_of(struct account *a, int32_t stream)
{
    struct source now = { .terms = terms_of(a->plan, &a->plan->streams[stream]) };
    int64_t t_us = INT64_MIN;
    for (;;) {
        add_era(&now, t_us, rating_by_plan(a, stream, t_us));
        int64_t edge_us = plan_factor_edge(a->plan, stream, t_us);
        if (edge_us == INT64_MAX)
            return now;
        t_us = edge_us;
    }
}

static int64_t era_end(const struct source *s, uint32_t i)
{
    return i + 1 < s->n_eras ? s->eras[i + 1].from_us : INT64_MAX;
}

/* The stretch from the first instant at which two plans say different things to the last one. */
static bool differ(const struct source *was, const struct source *is, int64_t *from_us, int64_t *until_us)
{
    bool is_found = false;
    int64_t t_us = INT64_MIN;
    for (uint32_t i = 0, j = 0; t_us < INT64_MAX;) {
        int64_t a_us = era_end(was, i), b_us = era_end(is, j), end_us = a_us < b_us ? a_us : b_us;
        if (was->eras[i].rate != is->eras[j].rate) {
            if (!is_found)
                *from_us = t_us;
            *until_us = end_us;
            is_found = true;
        }
        i += a_us == end_us;
        j += b_us == end_us;
        t_us = end_us;
    }
    return is_found;
}

static void take_up_stream(struct account *a, int32_t stream)
{
    struct source *source = a->sources[stream];
    struct source now = eras_of(a, stream);
    int64_t from_us = 0, until_us = 0;
    if (source->eras && differ(source, &now, &from_us, &until_us))
        rerate_between(source->books, from_us, until_us,
                       source->terms == now.terms ? REASON_FACTOR : REASON_CONFIG);
    rerate_leave_source(source);
    source->eras = now.eras;
    source->n_eras = now.n_eras;
    source->eras_room = now.eras_room;
    source->terms = now.terms;
}

void rerate_plan(struct account *a)
{
    for (size_t i = 0; i < a->n_former; i++)
        if (source_stream(a, a->former[i]) < 0)
            rerate_leave_source(a->former[i]);
    free(a->former);
    a->former = NULL;
    a->n_former = 0;
    for (size_t i = 0; i < a->plan->n_streams; i++)
        take_up_stream(a, (int32_t)i);
}
