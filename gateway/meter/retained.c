/* A sorted array with slack on both sides: what is new goes in behind, what is frozen leaves in front,
 * and now and then everything is moved down once. So the common case costs neither a search nor an
 * allocation, and a point costs a quarter more than what it retains. It never shrinks; the bounds of
 * the point, which the configuration sets, bound it. */
#include "meter/retained.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/plan.h"

void retained_fini(struct retained *r)
{
    free(r->at);
    *r = (struct retained){ .kind = r->kind };
}

/* Room for one more behind the last: by moving down, if that frees enough to be worth it. */
static void make_room(struct retained *r)
{
    if (r->first + r->n < r->room)
        return;
    size_t slack = r->n / 4 + 8;
    if (r->first > 0)
        memmove(r->at, r->at + r->first, r->n * sizeof *r->at);
    if (r->first < slack / 2) {
        r->room = r->n + slack;
        r->at = realloc(r->at, r->room * sizeof *r->at);
        if (!r->at)
            abort();
    }
    r->first = 0;
}

/* The first place whose sample is not before s. */
static size_t search(const struct retained *r, const struct sample *s)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sample_order(r->kind, retained_at(r, middle), s) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t retained_place(const struct retained *r, const struct sample *s)
{
    if (r->n == 0 || sample_order(r->kind, retained_at(r, r->n - 1), s) < 0)
        return r->n;
    return search(r, s);
}

bool retained_twin(const struct retained *r, const struct sample *s, size_t *out)
{
    if (r->n == 0 || retained_at(r, r->n - 1)->time_us < s->time_us)
        return false;
    /* The best rank that a twin can have: it differs from s by its sequence at most. */
    struct sample best = *s;
    if (r->kind != POINT_EVENT)
        best.sequence = UINT64_MAX;
    for (size_t i = search(r, &best); i < r->n && retained_at(r, i)->time_us == s->time_us; i++) {
        if (sample_is_twin(r->kind, retained_at(r, i), s)) {
            *out = i;
            return true;
        }
    }
    return false;
}

void retained_insert(struct retained *r, size_t i, const struct sample *s)
{
    assert(i <= r->n);
    make_room(r);
    struct sample *at = r->at + r->first + i;
    memmove(at + 1, at, (r->n - i) * sizeof *at);
    *at = *s;
    r->n++;
}

void retained_remove(struct retained *r, size_t i)
{
    struct sample *at = retained_at(r, i);
    r->n--;
    if (i == 0)
        r->first++;
    else
        memmove(at, at + 1, (r->n - i) * sizeof *at);
}

void retained_move_down(struct retained *r, size_t from, size_t to)
{
    assert(to <= from);
    struct sample moved = *retained_at(r, from);
    struct sample *at = retained_at(r, to);
    memmove(at + 1, at, (from - to) * sizeof *at);
    *at = moved;
}
