/* Upkeep as the loop sees it: a job on a worker, one at a time, each 10 s and soon after a roll. */
#include "app/inside.h"
#include "base/clock.h"

#define UPKEEP_EVERY_MS 10000

static void on_turn(uv_work_t *w)
{
    struct app *a = w->data;
    upkeep_turn(a->upkeep, a->upkeep_position, a->upkeep_took, a->upkeep_began,
                a->upkeep_wall_us);
}

static void on_turned(uv_work_t *w, int status)
{
    struct app *a = w->data;
    (void)status;                    /* never cancelled */
    a->is_upkeeping = false;
}

static void begin_turn(struct app *a)
{
    if (a->is_upkeeping || a->phase != APP_LIVE || a->rc < 0)
        return;
    a->upkeep_position = vault_committed_position(a->vault);
    a->upkeep_took = vault_committed_took(a->vault);
    a->upkeep_began = pipeline_began(a->pipeline);
    a->upkeep_wall_us = clock_read().wall_us;
    a->is_upkeeping = true;
    a->upkeep_work.data = a;
    uv_queue_work(&a->loop, &a->upkeep_work, on_turn, on_turned);
}

static void on_upkeep_timer(uv_timer_t *t)
{
    begin_turn(t->data);
}

static uint64_t rolls_of(const struct journal *j)
{
    struct journal_figures f;
    journal_figures(j, &f);
    return f.rolls;
}

/* A roll comes before the commit of what it was made for: so it is looked for behind each commit. While a
 * turn is under way the timer has to do. */
void app_upkeep_committed(struct app *a)
{
    uint64_t rolls = rolls_of(vault_intake(a->vault)) + rolls_of(vault_logbook(a->vault));
    if (rolls == a->upkept_rolls)
        return;
    a->upkept_rolls = rolls;
    begin_turn(a);
}

void app_upkeep_open(struct app *a)
{
    const struct places *places = vault_places(a->vault);
    struct upkeep_conf conf = {
        .intake = vault_intake(a->vault),
        .logbook = vault_logbook(a->vault),
        .store = a->store,
        .intake_path = places->intake,
        .logbook_path = places->logbook,
        .store_path = places->store,
        .retain_us = a->conf->journal.retain_us,
        .most_bytes = a->conf->journal.most_bytes,
        .archive_us = a->conf->journal.archive_us,
        .archive_most_bytes = a->conf->journal.archive_most_bytes,
        .history_us = a->conf->store.history_us,
        .lateness_us = plan_longest_lateness_us(&a->conf->plan),
    };
    a->upkeep = upkeep_new(&conf);
}

void app_upkeep_start(struct app *a)
{
    uv_timer_start(&a->upkeep_timer, on_upkeep_timer, UPKEEP_EVERY_MS, UPKEEP_EVERY_MS);
}
