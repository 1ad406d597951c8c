/* Fuzzed: the payload of a message that the json plugin takes apart, through the host: the plugin sees
 * what it sees in the gateway. The first byte chooses one of several mappings.
 *
 * Promised: every payload ends as readings or as undecodable with one line of clean text; what counts
 * belongs to a point of the plan; nothing is left allocated. */
#include <stdlib.h>

#include "decode/decode.h"
#include "fuzz.h"

#define WALL_US     INT64_C(1514775600000000)
#define BATCH_BYTES ((size_t)1 << 20)

static const char yaml[] =
    "gateway: gw-1\n"
    "topics:\n"
    "  - {topic: '0/{site}/{device}', decoder: json, options: {point: point}}\n"
    "  - topic: '1/{site}/{device}'\n"
    "    decoder: json\n"
    "    options: {time: ts, time_format: unix_ms, quality: state, boot: boot, sequence: n,\n"
    "              points: 'energy=data.energy, gas=/data/7-0:3.0.0/value', absent: skip}\n"
    "  - topic: '2/{site}/{device}'\n"
    "    decoder: json\n"
    "    options: {readings: values, point: name, value: rows.0, time: at, time_format: unix_s,\n"
    "              unit: u, interval: i, numeric_strings: true, site: s, device: d}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: Asia/Seoul\n"
    "    streams:\n"
    "      - {id: electricity, scope: 2, carrier: electricity}\n"
    "      - {id: boiler, scope: 1, carrier: natural gas}\n"
    "    devices:\n"
    "      - id: hall\n"
    "        points:\n"
    "          - {id: energy, kind: register, unit: kWh, stream: electricity}\n"
    "          - {id: gas, kind: interval, unit: m3, stream: boiler, interval: 15min}\n";
static const char *const topics[] = { "0/plant/hall", "1/plant/hall", "2/plant/hall", "2/office/hall" };

static struct plan *plan;
static struct decode *decode;
static struct arena texts, arena;

static const struct cgw_plugin *find(void *self, const char *name, const char **why)
{
    (void)self, (void)name, (void)why;
    return cgw_plugin();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    struct decode_plugins plugins = { find, NULL };
    struct problems problems;
    fuzz_be_silent();
    arena_init(&texts, 0);
    arena_init(&arena, BATCH_BYTES);
    problems_init(&problems, "plan", &texts);
    decode_open(&plugins, &decode);
    fuzz_promise(plan_read(slice_of(yaml), &problems, &plan) == 0 &&
                 decode_configure(decode, plan, &problems) == 0, "the plan is right");
    problems_fini(&problems);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    struct frame frame = {
        .kind = FRAME_MESSAGE,
        .boottime_us = 1000,
        .clock = { .offset_us = WALL_US - 1000, .is_synchronised = true },
        .topic = slice_of(topics[bytes[0] % 4]),
        .rest = { bytes + 1, size - 1 },
    };
    struct readings out = { 0 };
    arena_reset(&arena);
    enum verdict v = decode_frame(decode, &frame, &arena, &out);
    fuzz_promise((unsigned)v < VERDICT_COUNT, "a message has a verdict");
    fuzz_promise(slice_is_clean_text(slice_of(decode_explanation(decode))), "what is said is clean");
    fuzz_promise(v == VERDICT_COUNTED || out.n == 0, "an undecodable message has no readings");
    for (size_t i = 0; i < out.n; i++)
        fuzz_promise(out.at[i].verdict != VERDICT_COUNTED ||
                     (out.at[i].point >= 0 && out.at[i].point < (int32_t)plan->n_points),
                     "what counts belongs to a point");
    return 0;
}
