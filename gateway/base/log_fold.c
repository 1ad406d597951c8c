/* A small table of the ids seen in the last minute, searched from front to back: a program has some
 * fifty ids and logs a few lines a minute, so nothing cleverer pays. An id's minute begins with its
 * first line, not on the full minute, so that a burst across the edge is not shown twice. */
#include "base/log_fold.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static bool is_over(const struct fold_slot *s, int64_t now_us)
{
    return s->id[0] != '\0' && now_us - s->since_us >= FOLD_SPAN_US;
}

bool fold_take_ended(struct fold *f, int64_t now_us, struct folded *out)
{
    for (size_t i = 0; i < FOLD_IDS; i++) {
        struct fold_slot *s = &f->slots[i];
        if (!is_over(s, now_us))
            continue;
        bool has_hidden = s->n_lines > f->shown_most;
        if (has_hidden) {
            memcpy(out->id, s->id, sizeof out->id);
            out->n_hidden = s->n_lines - f->shown_most;
        }
        s->id[0] = '\0';
        if (has_hidden)
            return true;
    }
    return false;
}

/* The slot of this id, or else the first free one, or else NULL. */
static struct fold_slot *slot_of(struct fold *f, const char *id)
{
    struct fold_slot *free_slot = NULL;
    for (size_t i = 0; i < FOLD_IDS; i++) {
        struct fold_slot *s = &f->slots[i];
        if (strncmp(s->id, id, sizeof s->id - 1) == 0)
            return s;
        if (!free_slot && s->id[0] == '\0')
            free_slot = s;
    }
    return free_slot;
}

bool fold_shows(struct fold *f, const char *id, int64_t now_us)
{
    struct fold_slot *s = slot_of(f, id);
    if (!s)
        return true;
    if (s->id[0] == '\0') {
        snprintf(s->id, sizeof s->id, "%s", id);
        s->since_us = now_us;
        s->n_lines = 0;
    }
    return ++s->n_lines <= f->shown_most;
}
