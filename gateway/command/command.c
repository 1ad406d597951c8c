/* The smaller commands, and what commands share about their arguments. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "base/buffer.h"
#include "command/command.h"
#include "command/connect.h"
#include "conf.h"

#define WITHIN_US INT64_C(60000000)

const char *command_value(int argc, char **argv, int *i, const char *name)
{
    size_t n = strlen(name);
    const char *argument = argv[*i];

    if (strncmp(argument, name, n) != 0)
        return NULL;
    if (argument[n] == '=')
        return argument + n + 1;
    if (argument[n] != '\0')
        return NULL;
    if (*i + 1 < argc)
        return argv[++*i];
    fprintf(stderr, "carbon-gateway: %s wants a value behind it\n", name);
    return "";
}

int command_unknown(const char *command, const char *argument)
{
    fprintf(stderr, "carbon-gateway %s: \"%s\" is no argument of it; see carbon-gateway %s --help\n",
            command, argument, command);
    return EXIT_WRONG;
}

int command_need_config(const char *command, const char *path)
{
    if (path && path[0])
        return EXIT_DONE;
    fprintf(stderr, "carbon-gateway %s: which configuration? Give it with --config FILE\n", command);
    return EXIT_WRONG;
}

int command_run(int argc, char **argv)
{
    const char *path = NULL;
    for (int i = 0; i < argc; i++) {
        const char *value = command_value(argc, argv, &i, "--config");
        if (!value)
            return command_unknown("run", argv[i]);
        path = value;
    }
    if (command_need_config("run", path) != EXIT_DONE)
        return EXIT_WRONG;

    struct conf *conf = NULL;
    int rc = conf_read(path, &conf);
    if (rc != 0)
        return rc < 0 ? EXIT_FAILED : EXIT_WRONG;
    rc = app_run(conf, path);
    conf_free(conf);
    return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}

static void print(struct slice text)
{
    fwrite(text.at, 1, text.size, stdout);
}

static int print_reference(void)
{
    struct buffer text = { 0 };
    option_help(conf_options(), &text);
    print(buffer_slice(&text));
    buffer_fini(&text);
    return EXIT_DONE;
}

static void print_verdict(const struct conf *conf)
{
    const struct plan *p = &conf->plan;
    printf("%zu sites, %zu devices, %zu points, %zu streams, %zu factors: the configuration is right\n",
           p->n_sites, p->n_devices, p->n_points, p->n_streams, p->n_factors);
}

/* "60s": by the same reader as any duration of the configuration. */
static int read_within(const char *text, int64_t *within_us)
{
    static const struct option rows[] = {
        { .name = "within", .type = OPT_DURATION, .at = 0, .preset = "60s", .min = "1s", .max = "1h",
          .help = "The longest that the probe may take." },
        { .name = NULL }
    };
    struct arena arena;
    struct problems problems;
    struct buffer yaml = { 0 };
    arena_init(&arena, 0);
    problems_init(&problems, "--within", &arena);
    buffer_print(&yaml, "within: %s\n", text);
    int rc = option_read(rows, within_us, buffer_slice(&yaml), &arena, &problems);
    if (rc != 0)
        fprintf(stderr, "carbon-gateway check: --within wants a duration from 1s to 1h, not \"%s\"\n", text);
    buffer_fini(&yaml);
    problems_fini(&problems);
    arena_fini(&arena);
    return rc;
}

int command_check(int argc, char **argv)
{
    const char *path = NULL;
    bool wants_canonical = false, connects = false;
    int64_t within_us = WITHIN_US;

    for (int i = 0; i < argc; i++) {
        const char *value = command_value(argc, argv, &i, "--config");
        if (value)
            path = value;
        else if ((value = command_value(argc, argv, &i, "--within"))) {
            if (read_within(value, &within_us) != 0)
                return EXIT_WRONG;
        } else if (strcmp(argv[i], "--connect") == 0)
            connects = true;
        else if (strcmp(argv[i], "--canonical") == 0)
            wants_canonical = true;
        else if (strcmp(argv[i], "--reference") == 0)
            return print_reference();
        else
            return command_unknown("check", argv[i]);
    }
    if (command_need_config("check", path) != EXIT_DONE)
        return EXIT_WRONG;

    struct conf *conf = NULL;
    int rc = conf_read(path, &conf);
    if (rc != 0)
        return rc < 0 ? EXIT_FAILED : EXIT_WRONG;
    rc = conf_remark(path, conf) == 0 ? EXIT_DONE : EXIT_WRONG;
    if (rc == EXIT_DONE && wants_canonical)
        print(conf_canonical(conf));
    else if (rc == EXIT_DONE)
        print_verdict(conf);
    if (rc == EXIT_DONE && connects)
        rc = connect_try(conf, within_us) == 0 ? EXIT_DONE : EXIT_FAILED;
    conf_free(conf);
    return rc;
}
