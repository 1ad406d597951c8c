/* Fuzzed: factor rows as they stand in the configuration: each line of the input is the inside of one
 * row, in a plan that is right but for them.
 *
 * Promised: rows are taken or refused with their mistakes; of what was taken, the factor of a stream
 * changes at its edges and nowhere else: from an edge to the next the same row is valid, the edges go
 * forward, and there are at most two for a row. */
#include <string.h>

#include "fuzz.h"
#include "model/plan.h"

static const char before[] = "gateway: gw-1\nfactors:\n";
static const char behind[] =
    "sites:\n"
    "  - id: plant\n"
    "    zone: Europe/Berlin\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: boiler, scope: 1, carrier: natural gas, factor: gas, series: a}\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_silent();
    return 0;
}

static void put_rows(const uint8_t *bytes, size_t size, struct buffer *yaml)
{
    buffer_put(yaml, before, sizeof before - 1);
    while (size > 0) {
        const uint8_t *end = memchr(bytes, '\n', size);
        size_t line = end ? (size_t)(end - bytes) : size;
        buffer_put(yaml, "  - {", 5);
        buffer_put(yaml, bytes, line);
        buffer_put(yaml, "}\n", 2);
        size -= end ? line + 1 : line;
        bytes += end ? line + 1 : line;
    }
    buffer_put(yaml, behind, sizeof behind - 1);
}

static void walk_edges(const struct plan *p, int32_t stream)
{
    size_t edges = 0;
    int64_t t = INT64_MIN;
    while (t != INT64_MAX) {
        int64_t edge = plan_factor_edge(p, stream, t);
        int32_t row = plan_factor_at(p, stream, t);
        fuzz_promise(edge > t, "edges go forward");
        fuzz_promise(row >= -1 && row < (int32_t)p->n_factors, "a row of the plan, or none");
        fuzz_promise(plan_factor_at(p, stream, edge - 1) == row, "a factor is valid up to its edge");
        fuzz_promise(++edges <= 2 * p->n_factors + 2, "edges come to an end");
        t = edge;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buffer yaml = { 0 };
    struct arena arena;
    struct problems problems;
    struct plan *plan = NULL;
    arena_init(&arena, 0);
    problems_init(&problems, "factors", &arena);
    put_rows(bytes, size, &yaml);
    if (plan_read(buffer_slice(&yaml), &problems, &plan) == 0)
        for (size_t i = 0; i < plan->n_streams; i++)
            walk_edges(plan, (int32_t)i);
    else
        fuzz_promise(problems.n > 0, "a refusal names a mistake");
    plan_free(plan);
    problems_fini(&problems);
    buffer_fini(&yaml);
    arena_fini(&arena);
    return 0;
}
