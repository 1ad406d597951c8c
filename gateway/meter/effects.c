/* Three lists that keep their room: at one reading after another nothing is allocated. */
#include "meter/effects.h"

#include <stdlib.h>

/* Room for one more of size bytes each; aborts without memory. */
static void *grown(void *at, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return at;
    *room = *room < 8 ? 8 : 2 * *room;
    at = realloc(at, *room * size);
    if (!at)
        abort();
    return at;
}

void effects_clear(struct effects *e)
{
    e->n = 0;
    e->n_moved = 0;
    e->n_samples = 0;
}

void effects_fini(struct effects *e)
{
    free(e->at);
    free(e->moved);
    free(e->samples);
    *e = (struct effects){ 0 };
}

static void add_amount(struct effects *e, const struct amount *a, int8_t sign)
{
    e->at = grown(e->at, e->n, &e->room, sizeof *e->at);
    e->at[e->n] = *a;
    e->at[e->n].sign = sign;
    e->n++;
}

void effects_amounts(struct effects *e, const struct fold_effect *step, int8_t sign)
{
    for (int i = 0; i < step->n; i++)
        add_amount(e, &step->at[i], sign);
}

void effects_difference(struct effects *e, const struct fold_effect *was,
                        const struct fold_effect *now)
{
    for (int i = 0; i < was->n || i < now->n; i++) {
        if (i < was->n && i < now->n && fold_amount_equal(&was->at[i], &now->at[i]))
            continue;
        if (i < was->n)
            add_amount(e, &was->at[i], -1);
        if (i < now->n)
            add_amount(e, &now->at[i], 1);
    }
}

void effects_moved(struct effects *e, enum verdict from, enum verdict to)
{
    e->moved = grown(e->moved, e->n_moved, &e->room_moved, sizeof *e->moved);
    e->moved[e->n_moved++] = (struct reclassified){ from, to };
}

void effects_sampled(struct effects *e, const struct sample *r, int8_t sign)
{
    e->samples = grown(e->samples, e->n_samples, &e->room_samples, sizeof *e->samples);
    e->samples[e->n_samples++] = (struct sampled){
        .sign = sign, .quality = r->quality, .time_us = r->time_us, .ticks = r->ticks };
}
