/* Fuzzed: the bytes of a message, through decode_frame, with a plan in force. The first byte chooses the
 * topic and the kind of frame, the rest is the payload, in memory of exactly its size.
 *
 * Promised: every payload gets a verdict, and so does every reading in it; a reading that is COUNTED
 * belongs to a point of the plan and has a quality that is one; what is said about a message is one line
 * of clean text; and the same bytes give the same readings again, or a replay would differ. */
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "fuzz.h"
#include "model/plan_example_test.h"

#define WALL_US     INT64_C(1514733300000000)
#define BATCH_BYTES ((size_t)1 << 20)

static const char *const topics[] = {
    "carbon/v1/plant/main-meter/reading", "carbon/v1/plant/main-meter/batch",
    "carbon/v1/plant/gas-meter/reading",  "carbon/v1/plant/gas-meter/batch",
    "carbon/v1/office/nobody/batch",      "carbon/v1/plant/main-meter/other",
    "carbon/v1//main-meter/batch",        "",
};

static struct plan *plan;
static struct decode *decode;
static struct arena texts, first_arena, again_arena;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    struct decode_plugins none = { 0 };
    struct problems problems;
    fuzz_be_silent();
    arena_init(&texts, 0);
    arena_init(&first_arena, BATCH_BYTES);
    arena_init(&again_arena, BATCH_BYTES);
    problems_init(&problems, "plan", &texts);
    decode_open(&none, &decode);
    fuzz_promise(plan_read(slice_of(plan_example), &problems, &plan) == 0 &&
                 decode_configure(decode, plan, &problems) == 0, "the plan is right");
    problems_fini(&problems);
    return 0;
}

static void check(const struct readings *readings)
{
    for (size_t i = 0; i < readings->n; i++) {
        const struct reading *r = &readings->at[i];
        fuzz_promise((unsigned)r->verdict < VERDICT_COUNT, "a reading has a verdict");
        fuzz_promise((unsigned)r->quality < QUALITY_COUNT, "its quality is one");
        fuzz_promise(r->site < (int32_t)plan->n_sites && r->device < (int32_t)plan->n_devices &&
                     r->point < (int32_t)plan->n_points, "it belongs to the plan");
        fuzz_promise(r->verdict != VERDICT_COUNTED || (r->site >= 0 && r->device >= 0 && r->point >= 0),
                     "what counts belongs to a point");
    }
}

static bool is_same(const struct reading *a, const struct reading *b)
{
    return a->site == b->site && a->device == b->device && a->point == b->point &&
           a->time_us == b->time_us && a->interval_us == b->interval_us && a->boot == b->boot &&
           a->sequence == b->sequence && a->ticks == b->ticks && a->quality == b->quality &&
           a->verdict == b->verdict;
}

static void check_same(const struct readings *a, const struct readings *b)
{
    fuzz_promise(a->n == b->n, "the same bytes give as many readings again");
    for (size_t i = 0; i < a->n; i++)
        fuzz_promise(is_same(&a->at[i], &b->at[i]), "the same bytes give the same readings again");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    struct frame frame = {
        .kind = bytes[0] & 0x80 ? FRAME_TOO_LARGE : FRAME_MESSAGE,
        .flags = bytes[0] >> 3 & 0xf,
        .boottime_us = 1000,
        .clock = { .offset_us = WALL_US - 1000, .is_synchronised = true },
        .topic = slice_of(topics[bytes[0] % 8]),
        .rest = { bytes + 1, size - 1 },
    };
    struct readings first = { 0 }, again = { 0 };
    arena_reset(&first_arena);
    arena_reset(&again_arena);
    enum verdict v = decode_frame(decode, &frame, &first_arena, &first);
    fuzz_promise((unsigned)v < VERDICT_COUNT, "a message has a verdict");
    fuzz_promise(slice_is_clean_text(slice_of(decode_explanation(decode))), "what is said is clean");
    fuzz_promise(v == VERDICT_COUNTED || first.n == 0, "an undecodable message has no readings");
    check(&first);
    fuzz_promise(decode_frame(decode, &frame, &again_arena, &again) == v, "the same verdict again");
    check_same(&first, &again);
    return 0;
}
