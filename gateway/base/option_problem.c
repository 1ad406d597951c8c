/* Problems: the list of mistakes that a document has, and the guess at what was meant.
 *
 * The list is kept sorted as it grows. Mistakes come nearly in the order of their places, so that
 * inserting from the back costs little, and whoever adds one later (a check between two tables)
 * need not care. It is bounded, as its length is up to who wrote the document. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option_private.h"

void problems_init(struct problems *p, const char *file, struct arena *arena)
{
    *p = (struct problems){ .file = file, .arena = arena };
}

void problems_fini(struct problems *p)
{
    free(p->at);
    p->at = NULL;
    p->n = p->room = 0;
}

static bool is_before(struct place a, struct place b)
{
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

static void insert(struct problems *p, struct problem problem)
{
    if (p->n == p->room) {
        p->room = p->room ? 2 * p->room : 16;
        p->at = reallocarray(p->at, p->room, sizeof *p->at);
        if (p->at == NULL)
            abort();
    }
    size_t i = p->n++;
    for (; i > 0 && is_before(problem.place, p->at[i - 1].place); i--)
        p->at[i] = p->at[i - 1];
    p->at[i] = problem;
}

/* A mistake counts even when there is no room to say which. */
static const char *text_in(struct arena *arena, const char *format, va_list args)
{
    char *text;
    int size = vasprintf(&text, format, args);
    if (size < 0)
        abort();
    const char *kept = arena_text(arena, slice_of(text));
    free(text);
    return kept != NULL ? kept : "a mistake, but the document is too large to tell which";
}

void problem_add(struct problems *p, struct place place, const char *format, ...)
{
    if (p->n == PROBLEMS_MOST)
        return;
    if (p->n == PROBLEMS_MOST - 1) {
        insert(p, (struct problem){ place, "more mistakes than can be listed; mend these first" });
        return;
    }
    va_list args;
    va_start(args, format);
    const char *text = text_in(p->arena, format, args);
    va_end(args);
    insert(p, (struct problem){ place, text });
}

void problems_print(const struct problems *p, struct buffer *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct problem *one = &p->at[i];
        if (one->place.line == 0)
            buffer_print(out, "%s: %s\n", p->file, one->text);
        else
            buffer_print(out, "%s:%u:%u: %s\n", p->file, (unsigned)one->place.line,
                         (unsigned)one->place.column, one->text);
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance in one row of the table; capitals cost nothing. Names longer than a row
 * are no slip of the finger and far from everything. */
static size_t distance(struct slice a, struct slice b)
{
    size_t row[KEY_BYTES_MOST + 1];
    if (a.size > KEY_BYTES_MOST || b.size > KEY_BYTES_MOST)
        return SIZE_MAX;

    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t swap = diagonal + (tolower(a.at[i - 1]) != tolower(b.at[j - 1]));
            diagonal = row[j];
            row[j] = least(swap, 1 + least(row[j], row[j - 1]));
        }
    }
    return row[b.size];
}

void nearest_offer(struct nearest *n, const char *candidate)
{
    size_t d = distance(n->name, slice_of(candidate));
    if (d > n->name.size / 2 || (n->best != NULL && d >= n->distance))
        return;
    n->best = candidate;
    n->distance = d;
}

const char *option_nearest(const char *name, const char *const *names)
{
    struct nearest n = { .name = slice_of(name) };
    for (; *names != NULL; names++)
        nearest_offer(&n, *names);
    return n.best;
}
