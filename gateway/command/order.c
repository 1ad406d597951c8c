/* carbon-gateway void, substitute, manual, swap, lock, unlock, intensity, undo: a person's
 * order to the gateway that runs on a state directory; and `orders`, which lists them.
 *
 * The options of a verb are the rows of its table (model/order.c): "--from X" gives the row `from`, a hyphen
 * stands for an underscore. They are read here by the same reader as in the gateway, so a slip is told at once;
 * what only the gateway knows comes back as its answer. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "command/command.h"
#include "conf.h"
#include "model/order.h"
#include "pipeline.h"
#include "store/store.h"
#include "vault/request.h"

#define WAIT_MS 10000
#define LOOK_MS 50
#define FILE_BYTES_MOST ((size_t)900 << 10)

/* An order as it is typed. */
struct typed {
    const char *command;
    const struct order_verb_row *verb;
    const char *state, *who, *why;
    struct buffer yaml;          /* the body's keys */
};

static void put_quoted(struct buffer *out, const char *key, struct slice value)
{
    buffer_print(out, "%s: \"", key);
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.at[i];
        if (c == '"' || c == '\\')
            buffer_print(out, "\\%c", c);
        else if (c < 0x20)
            buffer_print(out, "\\x%02x", c);
        else
            buffer_put_u8(out, c);
    }
    buffer_print(out, "\"\n");
}

/* The value behind "--old-final" for the row old_final; NULL: it is another argument. */
static const char *row_value(int argc, char **argv, int *i, const struct option *row)
{
    char name[64];
    snprintf(name, sizeof name, "--%s", row->name);
    for (char *at = name; *at; at++)
        if (*at == '_')
            *at = '-';
    return command_value(argc, argv, i, name);
}

static bool take_row(struct typed *t, int argc, char **argv, int *i)
{
    for (const struct option *row = t->verb->options; row->name; row++) {
        const char *value = row_value(argc, argv, i, row);
        if (!value)
            continue;
        put_quoted(&t->yaml, row->name, slice_of(value));
        return true;
    }
    return false;
}

static int take_file(struct typed *t, const char *path)
{
    char *text = NULL;
    size_t size;
    int rc = file_read_all(path, FILE_BYTES_MOST, &text, &size);
    if (rc == 0)
        put_quoted(&t->yaml, "text", (struct slice){ (uint8_t *)text, size });
    else
        fprintf(stderr, "carbon-gateway %s: %s cannot be read – %s\n", t->command, path, strerror(-rc));
    free(text);
    return rc;
}

/* 0, or an exit status. */
static int take_arguments(struct typed *t, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *value;
        if ((value = command_value(argc, argv, &i, "--state")))
            t->state = value;
        else if ((value = command_value(argc, argv, &i, "--who")))
            t->who = value;
        else if ((value = command_value(argc, argv, &i, "--why")))
            t->why = value;
        else if (t->verb->takes_file && (value = command_value(argc, argv, &i, "--file"))) {
            if (take_file(t, value) != 0)
                return EXIT_FAILED;
        } else if (!take_row(t, argc, argv, &i))
            return command_unknown(t->command, argv[i]);
    }
    if (t->state && t->who && t->why && *t->who && *t->why)
        return EXIT_DONE;
    fprintf(stderr, "carbon-gateway %s: --state DIR, --who NAME and --why TEXT are wanted with every order\n",
            t->command);
    return EXIT_WRONG;
}

/* The body in its canonical form; false, and told, when it is wrong. */
static bool canonical_body(const struct typed *t, struct arena *arena, struct buffer *out)
{
    struct problems problems;
    struct order_body body;
    problems_init(&problems, "order", arena);
    bool is_right = option_read(t->verb->options, &body, buffer_slice(&t->yaml), arena, &problems) == 0;
    for (size_t i = 0; i < problems.n; i++)
        fprintf(stderr, "carbon-gateway %s: %s\n", t->command, problems.at[i].text);
    if (is_right)
        option_write(t->verb->options, &body, out);
    problems_fini(&problems);
    return is_right;
}

static int print_answer(const struct typed *t, const struct request_answer *a)
{
    if (a->is_refused)
        fprintf(stderr, "carbon-gateway %s: refused – %s\n", t->command, a->text);
    else
        printf("order %llu – %s\n", (unsigned long long)a->order, a->text);
    return a->is_refused ? EXIT_FAILED : EXIT_DONE;
}

static int wait_for_answer(const struct typed *t, const char *id, struct arena *arena)
{
    struct request_answer answer;
    for (int waited_ms = 0; waited_ms <= WAIT_MS; waited_ms += LOOK_MS) {
        int rc = request_take_answer(t->state, id, arena, &answer);
        if (rc == 0)
            return print_answer(t, &answer);
        if (rc < 0)
            return EXIT_FAILED;
        poll(NULL, 0, LOOK_MS);
    }
    printf("no gateway answers on %s: the order waits there (requests/%s.order) and is taken when the gateway "
           "starts next; \"carbon-gateway orders --state %s\" then tells what became of it\n", t->state, id,
           t->state);
    return EXIT_DONE;
}

static int hand_over(const struct typed *t, struct arena *arena)
{
    struct buffer body = { 0 };
    char id[33];
    int status = EXIT_WRONG;
    snprintf(id, sizeof id, "%016" PRIx64 "%016" PRIx64, (uint64_t)clock_read().wall_us, clock_random_u64());
    if (canonical_body(t, arena, &body)) {
        struct request r = { .id = id, .verb = t->verb->name, .who = t->who, .why = t->why,
                             .body = { .yaml = buffer_slice(&body) } };
        status = request_write(t->state, &r) == 0 ? wait_for_answer(t, id, arena) : EXIT_FAILED;
    }
    buffer_fini(&body);
    return status;
}

static void print_help(const struct order_verb_row *verb)
{
    struct buffer text = { 0 };
    printf("carbon-gateway %s --state DIR --who NAME --why TEXT …\n\nAn order: %s. It is written into the log "
           "book with who, when and why, and stays there.\nOptions, as --name VALUE (old_final is "
           "--old-final)%s:\n\n", verb->name, verb->help,
           verb->takes_file ? "; text is given as --file PATH" : "");
    option_help(verb->options, &text);
    fwrite(text.at, 1, text.size, stdout);
    printf("\nExit status: 0 done, or waiting for the gateway's next start; 1 refused; 2 wrong arguments.\n");
    buffer_fini(&text);
}

int command_order(const char *name, int argc, char **argv)
{
    struct typed t = { .command = name, .verb = order_verb_row(order_verb_of(name)) };
    struct arena arena;
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            print_help(t.verb);
            return EXIT_DONE;
        }
    arena_init(&arena, 0);
    int status = take_arguments(&t, argc, argv);
    if (status == EXIT_DONE)
        status = hand_over(&t, &arena);
    buffer_fini(&t.yaml);
    arena_fini(&arena);
    return status;
}

/* --- the list --- */

static void print_text(struct slice text)
{
    fwrite(text.at, 1, text.size, stdout);
}

/* The body on one line. */
static void print_body(struct slice yaml)
{
    for (size_t i = 0; i < yaml.size; i++)
        putchar(yaml.at[i] != '\n' ? yaml.at[i] : i + 1 < yaml.size ? ' ' : '\n');
}

static void print_order(struct slice key, struct slice value)
{
    struct pipeline_order o;
    char when[32];
    if (pipeline_read_order(key, value, &o) != 0)
        return;
    const struct order_verb_row *row = order_verb_row(o.verb);
    time_print(o.wall_us, when);
    printf("%llu %s %s by ", (unsigned long long)o.sequence, when, row ? row->name : "?");
    print_text(o.who);
    printf(": ");
    print_text(o.why);
    printf("\n    ");
    print_body(o.yaml);
    printf("    %s: ", o.is_refused ? "refused" : "done");
    print_text(o.outcome);
    if (o.undone_by)
        printf("; taken back by order %llu", (unsigned long long)o.undone_by);
    printf("\n");
}

/* The store may be in use: it is read as it was at one commit. */
static int print_orders(const char *path)
{
    struct store_snapshot *s = NULL;
    enum stage stage = STAGE_PIPELINE;
    struct slice key, value;
    int rc = store_snapshot_open(path, &s);
    while (rc == 0 && stage <= STAGE_ORDER && (rc = store_snapshot_state(s, &stage, &key, &value)) == 0)
        if (stage == STAGE_ORDER)
            print_order(key, value);
    store_snapshot_close(s);
    return rc < 0 ? rc : 0;
}

int command_orders(int argc, char **argv)
{
    const char *state = NULL;
    for (int i = 0; i < argc; i++) {
        const char *value = command_value(argc, argv, &i, "--state");
        if (!value)
            return command_unknown("orders", argv[i]);
        state = value;
    }
    if (!state || !*state) {
        fprintf(stderr, "carbon-gateway orders: of which state directory? Give it with --state DIR\n");
        return EXIT_WRONG;
    }
    struct places places;
    places_init(&places, state);
    int rc = print_orders(places.store);
    places_fini(&places);
    return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}
