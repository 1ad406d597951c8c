/* The CSV files that a configuration names: read when it is read, so that what the gateway calculates with is
 * in its plan and no replay needs a file. A mistake is told with the file's own line and column. */
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "conf.h"
#include "model/factor_file.h"

#define FACTOR_FILE_BYTES_MOST ((size_t)4 << 20)

/* Beside the configuration, unless it says from the root. The caller frees. */
static char *path_beside(const char *conf_path, const char *name)
{
    const char *slash = strrchr(conf_path, '/');
    struct buffer path = { 0 };
    if (name[0] != '/' && slash)
        buffer_print(&path, "%.*s/", (int)(slash - conf_path), conf_path);
    buffer_print(&path, "%s", name);
    char *text = strndup((const char *)path.at, path.size);
    if (!text)
        abort();
    buffer_fini(&path);
    return text;
}

static void tell(const struct problems *found)
{
    struct buffer text = { 0 };
    problems_print(found, &text);
    if (write(STDERR_FILENO, text.at, text.size) < 0)
        log_line(LOG_ERROR, "conf.wrong", "file=%s – mistakes could not be shown", found->file);
    buffer_fini(&text);
}

/* Behind its own check a row stands in no line of the configuration, whose mistakes are still to be told. */
static void forget_places(struct factor_set *set)
{
    struct factor *rows = set->factors_list.at;
    for (size_t i = 0; i < set->factors_list.n; i++)
        rows[i].place = (struct place){ 0 };
}

static void read_one(struct conf *c, const char *conf_path, const char *name, struct problems *problems,
                     struct factor_set *out)
{
    char *path = path_beside(conf_path, name), *text = NULL;
    size_t size = 0;
    int rc = file_read_all(path, FACTOR_FILE_BYTES_MOST, &text, &size);
    struct problems found;
    problems_init(&found, path, &c->arena);
    if (rc < 0)
        problem_add(problems, (struct place){ 0 }, "factor_files: %s cannot be read – %s", path, strerror(-rc));
    else if (factor_file_read((struct slice){ (const uint8_t *)text, size }, &c->plan.arena, &found, out) != 0) {
        tell(&found);
        problem_add(problems, (struct place){ 0 }, "factor_files: %s has %zu mistake%s, told above", path, found.n,
                    found.n == 1 ? "" : "s");
        out->factors_list.n = 0;
    }
    forget_places(out);
    problems_fini(&found);
    free(text);
    free(path);
}

void conf_read_factors(const char *path, struct conf *c, struct problems *problems)
{
    const char *const *names = c->factor_files.at;
    struct option_list *sets = &c->plan.factor_sets_list;
    size_t n = sets->n + c->factor_files.n;
    struct factor_set *all = arena_take_zeroed(&c->plan.arena, n ? n : 1, sizeof *all);
    if (sets->n)
        memcpy(all, sets->at, sets->n * sizeof *all);
    for (size_t i = 0; i < c->factor_files.n; i++)
        read_one(c, path, names[i], problems, &all[sets->n + i]);
    *sets = (struct option_list){ all, n };
}
