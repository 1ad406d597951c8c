/* A plant with a bit of everything, for tests of what its figures come to. */
#ifndef ACCOUNT_PLANT_FIXTURE_H
#define ACCOUNT_PLANT_FIXTURE_H

#include "account/account_fixture_test.h"

static const char plant[] =
    "gateway: gw-1\n"
    "idle: 30d\n"
    "factors:\n"
    "  - {id: grid, version: '2018', source: t, per: kWh, valid_to: 2018-12-31, co2: 0.4585}\n"
    "  - {id: grid, version: '2019', source: t, per: kWh, valid_from: 2019-01-01, co2: 0.46}\n"
    "  - {id: fuel, source: t, per: MJ, co2: 0.056123, ch4: 0.000001, n2o: 0.0000001}\n"
    "  - {id: short, source: t, per: kg, valid_to: 2018-06-30, co2: 3.2}\n"
    "  - {id: wood, source: t, per: kg, co2_biogenic: 1.8, ch4_biogenic: 0.00003}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: Europe/Berlin\n"
    "    smallest: 15min\n"
    "    publish_shorter: true\n"
    "    streams:\n"
    "      - {id: electricity, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: boiler, scope: 1, carrier: gas, factor: fuel}\n"
    "      - {id: diesel, scope: 1, carrier: diesel, factor: short}\n"
    "      - {id: chips, scope: 1, carrier: wood, factor: wood}\n"
    "      - {id: roof, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: feed, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: quarter, kind: interval, interval: 15min, unit: kWh, resolution: 0.001,\n"
    "             stream: electricity}\n"
    "          - {id: second, kind: register, unit: kWh, resolution: 0.001, stream: electricity}\n"
    "          - {id: sub, kind: register, unit: kWh, stream: electricity, role: sub}\n"
    "          - {id: heat, kind: register, unit: MJ, resolution: 0.001, stream: boiler}\n"
    "          - {id: tank, kind: register, unit: kg, resolution: 0.001, stream: diesel}\n"
    "          - {id: scale, kind: register, unit: kg, resolution: 0.001, stream: chips}\n"
    "          - {id: pv, kind: register, unit: kWh, resolution: 0.001, stream: roof,\n"
    "             direction: generation}\n"
    "          - {id: out, kind: register, unit: kWh, resolution: 0.001, stream: feed,\n"
    "             direction: export}\n";

/* A tick of these points is a Wh. */
#define WH_MICRO INT64_C(1000000)

/* Replaces what begins with `from` in the plan above. The caller frees. */
static inline char *plant_with(const char *from, const char *to)
{
    struct buffer text = { 0 };
    const char *found = strstr(plant, from);
    assert_non_null(found);
    buffer_put(&text, plant, (size_t)(found - plant));
    buffer_put(&text, to, strlen(to));
    buffer_put(&text, found + strlen(from), strlen(found + strlen(from)) + 1);
    return (char *)text.at;
}

/* Quarter hours of 250, 251, … Wh from start on, each stamped at its end. */
static inline void add_quarters(struct desk *d, int64_t start_us, int64_t end_us)
{
    int64_t ticks = 250;
    for (int64_t t = start_us; t < end_us; t += QUARTER_US, ticks++) {
        desk_seen(d, "meter", t + QUARTER_US);
        desk_add(d, measured(d, "quarter", t, t + QUARTER_US, ticks));
        desk_emit(d);
    }
}

static inline void finish(struct desk *d)
{
    account_finish(d->a);
    desk_emit(d);
}

#endif
