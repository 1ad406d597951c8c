/* A persistent session remembers subscriptions for us, also those we no longer want; so what a new
 * plan leaves out is kept here until it could be unsubscribed, over reconnects if need be.
 * Subscribing again at each connect costs one packet per rule and needs no trust in what the broker
 * remembers. */
#include "ingest/filters.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/ingest.h"

/* A level is a placeholder or a text, never a mixture: the plan's check sees to that. */
void ingest_filter(const char *pattern, struct buffer *out)
{
    for (const char *level = pattern;; level++) {
        size_t size = strcspn(level, "/");
        bool is_placeholder = size > 0 && *level == '{';
        buffer_put(out, is_placeholder ? "+" : level, is_placeholder ? 1 : size);
        level += size;
        if (*level == '\0')
            return;
        buffer_put(out, "/", 1);
    }
}

static char *filter_of(const char *pattern)
{
    struct buffer b = { 0 };
    ingest_filter(pattern, &b);
    buffer_put(&b, "", 1);
    return (char *)b.at;         /* a buffer's memory is malloc's */
}

static struct filter *find(struct filters *f, const char *text)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->at[i].text, text) == 0)
            return &f->at[i];
    return NULL;
}

/* Takes text. */
static void want(struct filters *f, char *text)
{
    struct filter *known = find(f, text);
    if (known) {
        known->is_wanted = true;
        free(text);
        return;
    }
    struct filter *grown = realloc(f->at, (f->n + 1) * sizeof *grown);
    if (!grown)
        abort();
    f->at = grown;
    f->at[f->n++] = (struct filter){ .text = text, .is_wanted = true, .granted = FILTER_UNANSWERED };
}

void filters_fini(struct filters *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->at[i].text);
    free(f->at);
    *f = (struct filters){ 0 };
}

void filters_want(struct filters *f, const struct plan *plan)
{
    const struct topic_rule *rules = plan->topics.at;

    for (size_t i = 0; i < f->n; i++)
        f->at[i].is_wanted = false;
    for (size_t i = 0; i < plan->topics.n; i++)
        want(f, filter_of(rules[i].pattern));
}

static bool has_rule(const struct plan *plan, const char *text)
{
    const struct topic_rule *rules = plan->topics.at;
    bool has_one = false;
    for (size_t i = 0; i < plan->topics.n && !has_one; i++) {
        char *filter = filter_of(rules[i].pattern);
        has_one = strcmp(filter, text) == 0;
        free(filter);
    }
    return has_one;
}

bool filters_leave(struct filters *f, const struct plan *plan)
{
    bool has_any = false;
    for (size_t i = 0; i < f->n; i++) {
        bool stays = has_rule(plan, f->at[i].text);
        has_any |= f->at[i].is_wanted && !stays;
        f->at[i].is_wanted = f->at[i].is_wanted && stays;
    }
    return has_any;
}

static void forget(struct filters *f, struct filter *gone)
{
    size_t behind = (size_t)(f->at + f->n - (gone + 1));
    memmove(gone, gone + 1, behind * sizeof *gone);
    f->n--;
}

bool filters_next(struct filters *f, char **text, bool *is_end)
{
    for (size_t i = 0; i < f->n; i++) {
        struct filter *x = &f->at[i];
        if (!x->is_wanted) {
            *text = x->text;
            *is_end = true;
            forget(f, x);
            return true;
        }
        if (!x->is_asked) {
            if (!(*text = strdup(x->text)))
                abort();
            *is_end = false;
            x->is_asked = true;
            return true;
        }
    }
    return false;
}

void filters_restart(struct filters *f)
{
    for (size_t i = 0; i < f->n; i++) {
        f->at[i].is_asked = false;
        f->at[i].granted = FILTER_UNANSWERED;
    }
}

void filters_answer(struct filters *f, const char *text, int granted)
{
    struct filter *x = find(f, text);
    if (x)
        x->granted = granted;
}

uint32_t filters_wanted(const struct filters *f)
{
    uint32_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->at[i].is_wanted;
    return n;
}

uint32_t filters_refused(const struct filters *f)
{
    uint32_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->at[i].is_wanted && f->at[i].granted >= 128;
    return n;
}

uint32_t filters_unanswered(const struct filters *f)
{
    uint32_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->at[i].is_wanted && f->at[i].granted == FILTER_UNANSWERED;
    return n;
}
