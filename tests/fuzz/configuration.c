/* Fuzzed: the configuration file, as somebody wrote it: option_read by the tables of all rooms, then
 * plan_check.
 *
 * Promised: every text is taken or refused, and a refusal names at least one mistake, as one line of
 * text; what was taken is written in the canonical form, which is read as the same plan and written as
 * the same bytes again. That is what the log book keeps, and a replay reads nothing else. */
#include <string.h>

#include "conf.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_silent();
    return 0;
}

static void check_problems(const struct problems *problems)
{
    struct buffer text = { 0 };
    problems_print(problems, &text);
    size_t lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.at[i] == '\n';
    fuzz_promise(lines == problems->n, "a mistake is one line");
    buffer_fini(&text);
}

static void check_canonical(const struct plan *plan, struct arena *arena)
{
    struct problems problems;
    struct plan *again = NULL;
    problems_init(&problems, "canonical", arena);
    fuzz_promise(plan_read(plan->canonical, &problems, &again) == 0, "the canonical form is read");
    fuzz_promise(slice_equal(plan->canonical, again->canonical), "and written as the same bytes");
    fuzz_promise(strcmp(plan->hash, again->hash) == 0, "and has the same hash");
    plan_free(again);
    problems_fini(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct conf conf = { 0 };
    struct problems problems;
    arena_init(&conf.arena, 0);
    arena_init(&conf.plan.arena, 0);
    problems_init(&problems, "fuzzed.yaml", &conf.arena);
    int rc = option_read(conf_options(), &conf, (struct slice){ bytes, size }, &conf.plan.arena,
                         &problems);
    fuzz_promise((rc == 0) == (problems.n == 0), "a refusal names a mistake");
    rc = plan_check(&conf.plan, &problems);
    fuzz_promise((rc == 0) == (problems.n == 0), "so does the plan's");
    check_problems(&problems);
    if (rc == 0)
        check_canonical(&conf.plan, &conf.arena);
    problems_fini(&problems);
    plan_fini(&conf.plan);
    arena_fini(&conf.arena);
    return 0;
}
