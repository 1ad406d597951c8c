/* Orders: what people decided, carried out and remembered.
 *
 * An order is an entry of the log book like any other, so it takes effect at one place of the order of
 * things, in every replay again. It is read under the plan in force there. What does not fit the plan, or
 * the state, is refused; the refusal is its outcome, and stands beside those that were carried out. The
 * list only grows: an order that was taken back says by which one. A few per week, for years, are some
 * hundred kilobytes, so all of them are kept in memory.
 *
 * Rows (stage ORDER): key u64 sequence, big-endian; value u8 version = 1, u8 verb, u8 flags (1 refused),
 * i64 wall, u64 undone by, slices request, who, why, body, outcome.
 *
 * The request's id is drawn by the command. An entry that bears one that is known already is passed over: a
 * kill between the entry and the answer makes the same request come again, and it must not count twice. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "pipeline_private.h"

#define ORDER_ROW 1u
#define FLAG_REFUSED 1u

void order_tell(struct order_result *result, const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    buffer_print(&result->text, "%s", text);
}

void pipeline_orders_fini(struct pipeline_orders *orders)
{
    free(orders->at);
    arena_fini(&orders->arena);
}

static struct slice keep(struct pipeline_orders *orders, struct slice text)
{
    char *at = arena_take(&orders->arena, text.size + 1);
    if (!at)
        abort();
    if (text.size)
        memcpy(at, text.at, text.size);
    at[text.size] = '\0';
    return (struct slice){ (const uint8_t *)at, text.size };
}

static struct pipeline_order *add_order(struct pipeline_orders *orders, const struct pipeline_order *order)
{
    if (orders->n == orders->room) {
        orders->room = orders->room ? 2 * orders->room : 16;
        orders->at = reallocarray(orders->at, orders->room, sizeof *orders->at);
        if (!orders->at)
            abort();
    }
    struct pipeline_order *mine = &orders->at[orders->n++];
    *mine = *order;
    mine->request = keep(orders, order->request);
    mine->who = keep(orders, order->who);
    mine->why = keep(orders, order->why);
    mine->yaml = keep(orders, order->yaml);
    mine->outcome = keep(orders, order->outcome);
    return mine;
}

static struct pipeline_order *order_of(struct pipeline_orders *orders, uint64_t sequence)
{
    for (size_t i = orders->n; i-- > 0;)
        if (orders->at[i].sequence == sequence)
            return &orders->at[i];
    return NULL;
}

/* --- carrying out --- */

static void tell_problems(const struct problems *problems, struct order_result *result)
{
    for (size_t i = 0; i < problems->n; i++)
        order_tell(result, "%s%s", i ? "; " : "", problems->at[i].text);
    result->is_refused = true;
}

static int take_lock(struct pipeline *p, const struct order *o, struct store_batch *out, struct order_result *result)
{
    uint64_t other = 0;
    account_release(p->account, o->site, o->from_us, o->until_us);
    int rc = pipeline_emit(p, out);
    if (rc < 0)
        return rc;
    rc = account_lock(p->account, o->site, o->sequence, o->from_us, o->until_us, &other);
    if (rc == ACCOUNT_LOCKED)
        order_refuse(result, "order %llu has locked this period, or one that reaches into it", (unsigned long long)other);
    else if (rc == ACCOUNT_OPEN)
        order_refuse(result, "not all windows of this period have closed yet; lock it when its last one has left");
    else if (rc == 0)
        order_tell(result, "the period is locked: what changes in it leaves as adjustments");
    return rc < 0 ? rc : 0;
}

static int take_unlock(struct pipeline *p, const struct order *o, struct order_result *result)
{
    uint64_t other = 0;
    int rc = account_unlock(p->account, o->site, o->from_us, o->until_us, &other);
    if (rc == ACCOUNT_LOCKED)
        order_refuse(result, "the lock of order %llu reaches out of this period; unlock the whole of it",
               (unsigned long long)other);
    else if (rc == ACCOUNT_OPEN)
        order_refuse(result, "nothing in this period is locked");
    else if (rc == 0)
        order_tell(result, "the period is open again: what was adjusted is part of its windows");
    return rc < 0 ? rc : 0;
}

static int add_manual(struct pipeline *p, const struct order *o, int8_t sign, struct order_result *result)
{
    struct amount amount = { .point = o->point, .sign = sign, .part = PART_MANUAL, .start_us = o->from_us,
                             .end_us = o->until_us, .ticks = o->ticks };
    int rc = account_add(p->account, &amount);
    if (rc == ACCOUNT_OVERFLOW)
        order_refuse(result, "the amount is more than the books can hold");
    return rc < 0 ? rc : 0;
}

static int take_manual(struct pipeline *p, const struct order *o, struct order_result *result)
{
    int rc = add_manual(p, o, 1, result);
    if (rc == 0 && !result->is_refused)
        order_tell(result, "the amount is added as manual");
    return rc;
}

static struct amount substitute_of(const struct order *o)
{
    return (struct amount){ .point = o->point, .sign = 1, .part = PART_SUBSTITUTED, .start_us = o->from_us,
                            .end_us = o->until_us, .ticks = o->ticks };
}

static int take_substitute(struct pipeline *p, const struct order *o, struct order_result *result)
{
    struct amount amount = substitute_of(o);
    uint64_t other = 0;
    int rc = account_substitute(p->account, &amount, o->stream, o->sequence, &other);
    if (rc == ACCOUNT_EDGE)
        order_refuse(result, "begin and end must be those of smallest windows (%s) of the site",
               period_names[p->plan->sites[o->site].smallest]);
    else if (rc == ACCOUNT_LONG)
        order_refuse(result, "at most 31 days in one order");
    else if (rc == ACCOUNT_LOCKED)
        order_refuse(result, "order %llu stands for part of this time; take it back first", (unsigned long long)other);
    else if (rc == ACCOUNT_OVERFLOW)
        order_refuse(result, "the amount is more than the books can hold");
    else if (rc == 0)
        order_tell(result, "the amount stands for what was measured in this time, and for what is yet "
                     "to come of it");
    return rc < 0 ? rc : 0;
}

static int undo_substitute(struct pipeline *p, const struct order *was, struct order_result *result)
{
    struct amount amount = substitute_of(was);
    int rc = account_unsubstitute(p->account, &amount, was->sequence);
    if (rc > 0)
        order_refuse(result, "its amount is not in the books any more");
    return rc < 0 ? rc : 0;
}

/* Whether another order may take that one back; else why not. */
static bool is_undoable(const struct pipeline_order *was, uint64_t order, struct order_result *result)
{
    if (!was)
        order_refuse(result, "there is no order %llu", (unsigned long long)order);
    else if (was->is_refused)
        order_refuse(result, "order %llu was refused: there is nothing to take back", (unsigned long long)order);
    else if (was->undone_by)
        order_refuse(result, "order %llu was taken back by order %llu", (unsigned long long)order,
               (unsigned long long)was->undone_by);
    return !result->is_refused;
}

static int undo(struct pipeline *p, const struct order *was, struct order_result *result)
{
    switch (was->verb) {
    case ORDER_VOID:
        return pipeline_order_void(p, was, false, result);
    case ORDER_SWAP:
        return pipeline_order_swap(p, was, false, result);
    case ORDER_MANUAL:
        return add_manual(p, was, -1, result);
    case ORDER_SUBSTITUTE:
        return undo_substitute(p, was, result);
    case ORDER_LOCK:
        return take_unlock(p, was, result);
    default:
        order_refuse(result, "an order to %s is not taken back by undo", order_verb_row((int)was->verb)->name);
        return 0;
    }
}

static int take_undo(struct pipeline *p, const struct order *o, struct order_result *result)
{
    struct pipeline_order *was = order_of(&p->orders, (uint64_t)o->body.order);
    struct arena arena;
    struct problems problems;
    struct order read;
    int rc = 0;
    if (!is_undoable(was, (uint64_t)o->body.order, result))
        return 0;
    arena_init(&arena, 0);
    problems_init(&problems, "order", &arena);
    if (order_read(was->verb, was->yaml, p->plan, &arena, &problems, &read) == 0) {
        read.sequence = was->sequence;
        rc = undo(p, &read, result);
    } else {
        tell_problems(&problems, result);
    }
    if (rc == 0 && !result->is_refused) {
        was->undone_by = o->sequence;
        was->is_dirty = true;
        order_tell(result, "%sorder %llu is taken back", result->text.size ? "; " : "",
                     (unsigned long long)was->sequence);
    }
    problems_fini(&problems);
    arena_fini(&arena);
    return rc;
}

/* The values of a file, as if they had come by themselves. */
static int take_intensity(struct pipeline *p, const struct order *o, struct order_result *result)
{
    struct readings in = { 0 };
    size_t n_refused = 0;
    arena_reset(&p->batch);
    enum verdict v = decode_intensity(p->decode, slice_of(o->body.region), slice_of(o->body.text), &p->batch, &in);
    if (v != VERDICT_COUNTED) {
        order_refuse(result, "%s", decode_explanation(p->decode));
        return 0;
    }
    for (size_t i = 0; i < in.n_intensities; i++)
        n_refused += account_intensity(p->account, &in.intensities[i]) == ACCOUNT_CONFLICT;
    if (n_refused > 0)
        order_refuse(result, "%zu of %zu values overlap other intervals that are known", n_refused, in.n_intensities);
    else
        order_tell(result, "%zu values are taken; windows that go by them are restated",
                     in.n_intensities);
    return account_work(p->account);
}

/* One verb, one line. 0, or negative when the program cannot go on. */
static int carry_out(struct pipeline *p, const struct order *o, struct store_batch *out,
                     struct order_result *result)
{
    switch (o->verb) {
    case ORDER_VOID:
        return pipeline_order_void(p, o, true, result);
    case ORDER_SWAP:
        return pipeline_order_swap(p, o, true, result);
    case ORDER_LOCK:
        return take_lock(p, o, out, result);
    case ORDER_UNLOCK:
        return take_unlock(p, o, result);
    case ORDER_MANUAL:
        return take_manual(p, o, result);
    case ORDER_SUBSTITUTE:
        return take_substitute(p, o, result);
    case ORDER_UNDO:
        return take_undo(p, o, result);
    case ORDER_INTENSITY:
        account_because(p->account, 0, o->sequence);     /* what it changes has reasons of its own */
        return take_intensity(p, o, result);
    default:
        order_refuse(result, "this version knows the order and cannot carry it out");
        return 0;
    }
}

static int read_and_carry_out(struct pipeline *p, const struct entry *e, struct store_batch *out,
                              struct order_result *result)
{
    struct arena arena;
    struct problems problems;
    struct order order;
    int rc = 0;

    arena_init(&arena, 0);
    problems_init(&problems, "order", &arena);
    if (order_read(e->verb, e->yaml, p->plan, &arena, &problems, &order) == 0) {
        order.sequence = e->sequence;
        order.request = e->request;
        order.who = e->who;
        order.why = e->why;
        account_because(p->account, REASON_OPERATOR, e->sequence);
        rc = carry_out(p, &order, out, result);
        account_because(p->account, 0, 0);
    } else {
        tell_problems(&problems, result);
    }
    problems_fini(&problems);
    arena_fini(&arena);
    return rc;
}

static void log_order(const struct entry *e, const struct order_result *result)
{
    const struct order_verb_row *row = order_verb_row(e->verb);
    log_line(result->is_refused ? LOG_WARN : LOG_INFO,
             result->is_refused ? "order.refused" : "order.taken", "order=%llu verb=%s who=%.*s – %.*s",
             (unsigned long long)e->sequence, row ? row->name : "?", (int)e->who.size,
             (const char *)e->who.at, (int)result->text.size, (const char *)result->text.at);
}

int pipeline_take_order(struct pipeline *p, const struct entry *e, struct store_batch *out)
{
    struct order_result result = { 0 };

    if (pipeline_order_of_request(p, e->request))
        return 0;
    int rc = p->plan ? read_and_carry_out(p, e, out, &result) : 0;
    if (!p->plan)
        order_refuse(&result, "there is no configuration yet");
    struct pipeline_order order = {
        .sequence = e->sequence,
        .wall_us = p->clock.wall_us,
        .verb = e->verb,
        .is_refused = result.is_refused,
        .is_dirty = true,
        .request = e->request,
        .who = e->who,
        .why = e->why,
        .yaml = e->yaml,
        .outcome = buffer_slice(&result.text),
    };
    add_order(&p->orders, &order);
    log_order(e, &result);
    buffer_fini(&result.text);
    return rc;
}

/* --- the list --- */

size_t pipeline_orders(const struct pipeline *p)
{
    return p->orders.n;
}

const struct pipeline_order *pipeline_order_at(const struct pipeline *p, size_t i)
{
    return &p->orders.at[i];
}

const struct pipeline_order *pipeline_order_of_request(const struct pipeline *p, struct slice request)
{
    for (size_t i = p->orders.n; i-- > 0;)
        if (request.size && slice_equal(p->orders.at[i].request, request))
            return &p->orders.at[i];
    return NULL;
}

/* --- rows --- */

static void save_order(struct pipeline *p, const struct pipeline_order *o, struct state_out *out)
{
    uint8_t key[8];
    for (int i = 0; i < 8; i++)
        key[i] = (uint8_t)(o->sequence >> (56 - 8 * i));
    struct buffer *row = &p->row;
    buffer_clear(row);
    buffer_put_u8(row, ORDER_ROW);
    buffer_put_u8(row, o->verb);
    buffer_put_u8(row, o->is_refused ? FLAG_REFUSED : 0);
    buffer_put_i64(row, o->wall_us);
    buffer_put_u64(row, o->undone_by);
    buffer_put_slice(row, o->request);
    buffer_put_slice(row, o->who);
    buffer_put_slice(row, o->why);
    buffer_put_slice(row, o->yaml);
    buffer_put_slice(row, o->outcome);
    out->put(out->self, STAGE_ORDER, (struct slice){ key, sizeof key }, buffer_slice(row));
}

void pipeline_save_orders(struct pipeline *p, struct state_out *out)
{
    for (size_t i = 0; i < p->orders.n; i++) {
        if (p->orders.at[i].is_dirty)
            save_order(p, &p->orders.at[i], out);
        p->orders.at[i].is_dirty = false;
    }
}

int pipeline_read_order(struct slice key, struct slice value, struct pipeline_order *out)
{
    struct cursor c = cursor_of(value);
    struct pipeline_order o = { 0 };
    if (key.size != 8 || cursor_u8(&c) != ORDER_ROW)
        return STATE_MALFORMED;
    for (int i = 0; i < 8; i++)
        o.sequence = o.sequence << 8 | key.at[i];
    o.verb = cursor_u8(&c);
    o.is_refused = cursor_u8(&c) & FLAG_REFUSED;
    o.wall_us = cursor_i64(&c);
    o.undone_by = cursor_u64(&c);
    o.request = cursor_slice(&c);
    o.who = cursor_slice(&c);
    o.why = cursor_slice(&c);
    o.yaml = cursor_slice(&c);
    o.outcome = cursor_slice(&c);
    if (c.has_failed || cursor_rest(&c).size)
        return STATE_MALFORMED;
    *out = o;
    return 0;
}

int pipeline_load_order(struct pipeline *p, struct slice key, struct slice value)
{
    struct pipeline_order o;
    int rc = pipeline_read_order(key, value, &o);
    if (rc == 0)
        add_order(&p->orders, &o);
    return rc;
}
