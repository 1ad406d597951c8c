/* Requests of people: each look at STATE/requests makes orders of what waits there.
 *
 * The directory is looked at twice a second, with the disk; watching it would need a handle and still a look
 * at each start, and an order is in no hurry. What does not fit the plan is refused at once and gets no entry:
 * the log book keeps decisions and not slips. All else is said in the log book first, and answered when the
 * commit that holds its outcome is through; so an answer is never about something that a power cut takes
 * back. A request that became an order before a kill is found by its id and only answered. */
#include "app/inside.h"
#include "base/log.h"
#include "model/order.h"
#include "vault/request.h"

/* One look. */
struct look {
    struct app *a;
    struct arena arena;
};

static void answer(struct app *a, const char *id, uint64_t order, bool is_refused, const char *text)
{
    struct request_answer answer = { .order = order, .is_refused = is_refused, .text = text };
    int rc = request_answer(a->conf->state, id, &answer);
    if (rc < 0)
        log_line(LOG_ERROR, "request.unanswered", "request=%s – its answer cannot be written, see above; it "
                 "is tried again", id);
}

static void refuse(struct look *l, const char *id, const struct problems *problems)
{
    struct buffer text = { 0 };
    for (size_t i = 0; i < problems->n; i++)
        buffer_print(&text, "%s%s", i ? "; " : "", problems->at[i].text);
    buffer_put_u8(&text, 0);
    log_line(LOG_WARN, "request.refused", "request=%s – %s", id, (const char *)text.at);
    answer(l->a, id, 0, true, (const char *)text.at);
    buffer_fini(&text);
}

static void say(struct look *l, const struct request *r, int verb)
{
    struct app *a = l->a;
    int rc = vault_say(a->vault, &(struct entry){ .kind = FRAME_ORDER,
                                                  .verb = (uint8_t)verb,
                                                  .request = slice_of(r->id),
                                                  .who = slice_of(r->who),
                                                  .why = slice_of(r->why),
                                                  .yaml = r->body.yaml });
    if (rc == VAULT_FULL)
        app_no_room(a);              /* the next look says it again */
    if (rc < 0)
        app_fail(a, rc);
}

/* Whether it is worth an entry: it can be read, and fits the plan. */
static bool is_fit(struct look *l, const char *id, struct request *r, int *verb)
{
    struct problems problems;
    struct order order;
    problems_init(&problems, "request", &l->arena);
    int rc = request_read(l->a->conf->state, id, &l->arena, &problems, r);
    if (rc == 0) {
        *verb = order_verb_of(r->verb);
        rc = order_read(*verb, r->body.yaml, pipeline_plan(l->a->pipeline), &l->arena, &problems, &order);
    }
    if (rc > 0)
        refuse(l, id, &problems);
    problems_fini(&problems);
    return rc == 0;
}

static void on_request(void *self, const char *id)
{
    struct look *l = self;
    struct app *a = l->a;
    struct request r;
    int verb;

    if (a->rc < 0)
        return;
    const struct pipeline_order *o = pipeline_order_of_request(a->pipeline, slice_of(id));
    if (!o && is_fit(l, id, &r, &verb))
        say(l, &r, verb);
    if (o && o->sequence <= vault_committed_position(a->vault))
        answer(a, id, o->sequence, o->is_refused, (const char *)o->outcome.at);
}

void app_look_for_requests(struct app *a)
{
    struct look l = { .a = a };
    if (a->phase != APP_LIVE || a->rc < 0)
        return;
    uint64_t before = pipeline_position(a->pipeline);
    arena_init(&l.arena, 0);
    int rc = request_list(a->conf->state, on_request, &l);
    arena_fini(&l.arena);
    if (rc < 0)
        log_line(LOG_WARN, "request.unseen", "directory=%s/requests – cannot be listed: orders wait there",
                 a->conf->state);
    if (a->rc == 0 && pipeline_position(a->pipeline) != before) {
        app_commit_start(a);
        app_set_due(a);
    }
}
