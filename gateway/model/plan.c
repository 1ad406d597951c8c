/* A plan's life: read, checked, freed. A plan that was read owns the arena that its texts live in, so
 * that it stands for itself and ends as one. */
#include "model/plan.h"

#include <stdlib.h>

int plan_read(struct slice yaml, struct problems *problems, struct plan **out)
{
    struct plan *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    arena_init(&p->arena, 0);

    /* Both, whatever the first finds: a person wants all mistakes at once. */
    int read = option_read_written(plan_options, p, yaml, &p->arena, problems);
    int checked = plan_check(p, problems);
    if (read != 0 || checked != 0) {
        plan_free(p);
        return OPTION_WRONG;
    }
    *out = p;
    return 0;
}

void plan_fini(struct plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_sites; i++)
        zone_close(p->sites[i].zone);
    struct arena arena = p->arena;
    *p = (struct plan){ 0 };
    arena_fini(&arena);
}

void plan_free(struct plan *p)
{
    plan_fini(p);
    free(p);
}

int64_t plan_longest_lateness_us(const struct plan *p)
{
    int64_t longest_us = p->lateness_us;
    for (size_t i = 0; i < p->n_points; i++)
        if (p->points[i].lateness_us > longest_us)
            longest_us = p->points[i].lateness_us;
    return longest_us;
}
