/* The files are text, so that an operator can look at one that waits:
 *
 *   STATE/requests/ID.order    verb, who, why and the order's options, as YAML
 *   STATE/requests/ID.answer   "taken N" or "refused N", a line feed, a sentence
 *
 * An answer is written before its request is removed. A kill between the two leaves both: the next look finds
 * the request's id among the orders, answers again with the same words and removes it. */
#include "vault/request.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"

#define REQUEST_BYTES_MOST ((size_t)1 << 20)
#define ORDER ".order"
#define ANSWER ".answer"

static const struct option request_options[] = {
    { .name = "verb", .type = OPT_NAME, .at = offsetof(struct request, verb), .is_required = true,
      .help = "What is ordered." },
    { .name = "who", .type = OPT_STRING, .at = offsetof(struct request, who), .is_required = true, .min = "1",
      .max = "200", .help = "Who ordered it." },
    { .name = "why", .type = OPT_STRING, .at = offsetof(struct request, why), .is_required = true, .min = "1",
      .max = "1000", .help = "Why." },
    { .name = "order", .type = OPT_RAW, .at = offsetof(struct request, body), .help = "Its options." },
    { .name = NULL }
};

static char *path_of(const char *state, const char *id, const char *ending)
{
    char *path;
    if (asprintf(&path, "%s/requests%s%s%s", state, *id ? "/" : "", id, ending) < 0)
        abort();
    return path;
}

static int replace(const char *path, struct slice text)
{
    int rc = file_replace(path, text);
    return rc < 0 ? err_raise(rc, "request %s: cannot be written", path) : 0;
}

int request_write(const char *state, const struct request *r)
{
    char *directory = path_of(state, "", ""), *path = path_of(state, r->id, ORDER);
    struct buffer text = { 0 };
    option_write(request_options, r, &text);
    int rc = file_make_directory(directory);
    if (rc < 0)
        err_raise(rc, "request %s: the directory cannot be made", directory);
    else
        rc = replace(path, buffer_slice(&text));
    buffer_fini(&text);
    free(directory);
    free(path);
    return rc;
}

int request_read(const char *state, const char *id, struct arena *arena, struct problems *problems,
                 struct request *out)
{
    char *path = path_of(state, id, ORDER), *text = NULL;
    size_t size = 0;
    int rc = file_read_all(path, REQUEST_BYTES_MOST, &text, &size);
    if (rc < 0 && rc != -EFBIG) {
        err_raise(rc, "request %s: cannot be read", path);
    } else if (rc == -EFBIG) {
        problem_add(problems, (struct place){ 0 }, "a request has at most 1 MB");
        rc = OPTION_WRONG;
    } else {
        rc = option_read(request_options, out, (struct slice){ (uint8_t *)text, size }, arena, problems);
        out->id = arena_text(arena, slice_of(id));
    }
    free(text);
    free(path);
    return rc;
}

struct listing {
    void (*on_id)(void *self, const char *id);
    void *self;
};

/* Temporary names and answers are none. An id is short, and never leads out of the directory. */
static void on_name(void *self, const char *name)
{
    const struct listing *l = self;
    char id[65];
    size_t n = strlen(name), ending = strlen(ORDER);
    if (n <= ending || n - ending >= sizeof id || strcmp(name + n - ending, ORDER) != 0)
        return;
    memcpy(id, name, n - ending);
    id[n - ending] = '\0';
    l->on_id(l->self, id);
}

int request_list(const char *state, void (*on_id)(void *self, const char *id), void *self)
{
    struct listing l = { on_id, self };
    char *directory = path_of(state, "", "");
    int rc = file_list(directory, on_name, &l);
    free(directory);
    return rc == -ENOENT ? 0 : rc;
}

int request_answer(const char *state, const char *id, const struct request_answer *answer)
{
    char *path = path_of(state, id, ANSWER), *order = path_of(state, id, ORDER);
    struct buffer text = { 0 };
    buffer_print(&text, "%s %llu\n%s\n", answer->is_refused ? "refused" : "taken",
                 (unsigned long long)answer->order, answer->text);
    int rc = replace(path, buffer_slice(&text));
    if (rc == 0)
        rc = file_remove(order);
    buffer_fini(&text);
    free(path);
    free(order);
    return rc;
}

static bool parse_answer(char *text, struct arena *arena, struct request_answer *out)
{
    char word[8];
    unsigned long long order;
    char *line = strchr(text, '\n');
    if (!line || sscanf(text, "%7s %llu", word, &order) != 2)
        return false;
    size_t n = strlen(++line);
    while (n > 0 && line[n - 1] == '\n')
        line[--n] = '\0';
    *out = (struct request_answer){ .order = order,
                                    .is_refused = strcmp(word, "refused") == 0,
                                    .text = arena_text(arena, slice_of(line)) };
    return true;
}

int request_take_answer(const char *state, const char *id, struct arena *arena, struct request_answer *out)
{
    char *path = path_of(state, id, ANSWER), *text = NULL;
    size_t size = 0;
    int rc = file_read_all(path, REQUEST_BYTES_MOST, &text, &size);
    if (rc == -ENOENT)
        rc = REQUEST_WAITS;
    else if (rc == 0 && !parse_answer(text, arena, out))
        rc = err_raise(-1, "request %s: this is no answer", path);
    if (rc == 0)
        file_remove(path);
    free(text);
    free(path);
    return rc;
}
