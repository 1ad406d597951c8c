/* Fuzzed: a factor set as a CSV file.
 *
 * Promised: a file is taken or refused with its mistakes, each of which stands in the file; what is taken has
 * as many rows as it says, each with an id, a source and a unit. */
#include <string.h>

#include "fuzz.h"
#include "model/factor_file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_silent();
    return 0;
}

static void look_at_rows(const struct factor_set *set)
{
    const struct factor *rows = set->factors_list.at;
    for (size_t i = 0; i < set->factors_list.n; i++) {
        fuzz_promise(rows[i].id && *rows[i].id, "a row has an id");
        fuzz_promise(rows[i].source && *rows[i].source, "a row has a source");
        fuzz_promise(unit_by_name(rows[i].unit_name) != NULL, "a row has a unit");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena arena;
    struct problems problems;
    struct factor_set set;
    arena_init(&arena, 0);
    problems_init(&problems, "fuzzed.csv", &arena);
    int rc = factor_file_read((struct slice){ bytes, size }, &arena, &problems, &set);
    fuzz_promise((rc == 0) == (problems.n == 0), "mistakes refuse, and nothing else does");
    for (size_t i = 0; i < problems.n; i++)
        fuzz_promise(problems.at[i].place.line >= 1, "a mistake stands in the file");
    if (rc == 0)
        look_at_rows(&set);
    problems_fini(&problems);
    arena_fini(&arena);
    return 0;
}
