/* One line, one write(2): lines of several threads never mix, on a pipe, a terminal or a file opened
 * for appending, and nothing is lost in a buffer when the process is killed. A line is built on the
 * stack and cut at LINE_SIZE; control characters are replaced, so that no topic or client id can forge
 * a second line or drive a terminal.
 *
 * Lines carry no time of their own unless a person watches: journald and container runtimes stamp what
 * they collect, a second stamp would only disagree with theirs, and every collected line begins with
 * its level. On a terminal nobody stamps, so there the line begins with the wall time.
 *
 * The mutex guards the folding alone; a reader of stderr that is slow delays only the thread that logs. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_fold.h"

#define LINE_SIZE 2048
#define CUT       "…\n"

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static atomic_int least_level = LOG_INFO;

static pthread_mutex_t fold_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fold fold = { .shown_most = LOG_REPEATS };

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

int log_level_parse(const char *text, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return 1;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A line under construction; once full, more text is dropped. */
struct line {
    char at[LINE_SIZE];
    size_t size;
    bool is_cut;
};

static void line_print_args(struct line *l, const char *format, va_list args)
{
    size_t room = LINE_SIZE - l->size;
    int n = vsnprintf(l->at + l->size, room, format, args);
    if (n < 0)
        return;
    l->is_cut |= (size_t)n >= room;
    l->size += (size_t)n < room ? (size_t)n : room - 1;
}

__attribute__((format(printf, 2, 3))) static void line_print(struct line *l, const char *format,
                                                             ...)
{
    va_list args;
    va_start(args, format);
    line_print_args(l, format, args);
    va_end(args);
}

static void line_begin(struct line *l, enum log_level level, const char *id)
{
    l->size = 0;
    l->is_cut = false;
    if (isatty(STDERR_FILENO)) {
        char stamp[32];
        time_print(clock_read().wall_us, stamp);
        line_print(l, "%s ", stamp);
    }
    line_print(l, "%s %s ", level_names[level], id);
}

/* Makes room for the mark that says "cut", not in the middle of a UTF-8 character. */
static void line_cut(struct line *l)
{
    size_t size = LINE_SIZE - sizeof CUT;
    while (size > 0 && ((unsigned char)l->at[size] & 0xc0) == 0x80)
        size--;
    l->size = size < l->size ? size : l->size;
}

static void line_end(struct line *l)
{
    if (l->is_cut)
        line_cut(l);
    for (size_t i = 0; i < l->size; i++) {
        unsigned char c = (unsigned char)l->at[i];
        if (c < 0x20 || c == 0x7f)
            l->at[i] = '?';
    }

    const char *tail = l->is_cut ? CUT : "\n";
    memcpy(l->at + l->size, tail, strlen(tail));
    l->size += strlen(tail);

    /* When nobody can read the log any more there is nobody to tell. */
    ssize_t written = write(STDERR_FILENO, l->at, l->size);
    (void)written;
}

/* Says what was kept back in minutes that are over; then whether a line of this id is shown. */
static bool fold_line(const char *id, struct line *l)
{
    int64_t now = now_us();
    struct folded ended;

    pthread_mutex_lock(&fold_lock);
    while (fold_take_ended(&fold, now, &ended)) {
        pthread_mutex_unlock(&fold_lock);
        line_begin(l, LOG_WARN, "log.folded");
        line_print(l, "of=%s – %llu more in %d s", ended.id, (unsigned long long)ended.n_hidden,
                   (int)(FOLD_SPAN_US / 1000000));
        line_end(l);
        pthread_mutex_lock(&fold_lock);
    }
    bool is_shown = fold_shows(&fold, id, now);
    pthread_mutex_unlock(&fold_lock);
    return is_shown;
}

void log_line(enum log_level level, const char *id, const char *format, ...)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;

    int saved_errno = errno;
    struct line l;
    if (fold_line(id, &l)) {
        line_begin(&l, level, id);
        va_list args;
        va_start(args, format);
        line_print_args(&l, format, args);
        va_end(args);
        line_end(&l);
    }
    errno = saved_errno;
}
