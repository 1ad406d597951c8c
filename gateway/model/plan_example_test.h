/* The plan that the tests of plans begin with; they change a line of it and look at what follows. */
#ifndef MODEL_PLAN_EXAMPLE_H
#define MODEL_PLAN_EXAMPLE_H

#include <assert.h>
#include <string.h>

#include "base/buffer.h"

static const char plan_example[] =
    "gateway: gw-1\n"
    "factors:\n"
    "  - id: kr-grid\n"
    "    version: '2018'\n"
    "    source: GIR 2019\n"
    "    per: MWh\n"
    "    valid_from: 2018-01-01\n"
    "    valid_to: 2018-12-31\n"
    "    co2: 458.5\n"
    "    ch4: 0.0125\n"
    "  - {id: kr-grid, source: GIR 2020, per: MWh, valid_from: 2019-01-01, co2: 460}\n"
    "  - {id: lng, source: IPCC 2006, per: m3, co2: 2.1, n2o: 0}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: Asia/Seoul\n"
    "    periods: [1min, 15min, hour, day, month]\n"
    "    publish_shorter: true\n"
    "    streams:\n"
    "      - {id: electricity, scope: 2, carrier: electricity, factor: kr-grid}\n"
    "      - {id: boiler, scope: 1, carrier: natural gas, factor: lng}\n"
    "    devices:\n"
    "      - id: main-meter\n"
    "        points:\n"
    "          - {id: import, kind: register, unit: kWh, stream: electricity, resolution: 0.001,\n"
    "             multiplier: 40, modulus: 1000000, max_rate: 500}\n"
    "          - {id: quarter, kind: interval, unit: kWh, stream: electricity, interval: 15min}\n"
    "          - {id: alive, kind: state}\n"
    "      - id: gas-meter\n"
    "        idle: 1h\n"
    "        points:\n"
    "          - {id: volume, kind: register, unit: m3, stream: boiler, keep: 16, lateness: 1h}\n"
    "  - id: office\n"
    "    zone: Europe/Berlin\n"
    "    streams:\n"
    "      - {id: electricity, scope: 2, factor: kr-grid}\n";

/* The example with one occurrence of `from` replaced; the same when from is NULL. */
static inline void plan_example_with(const char *from, const char *to, struct buffer *out)
{
    const char *at = from ? strstr(plan_example, from) : plan_example;
    assert(at);
    buffer_put(out, plan_example, (size_t)(at - plan_example));
    if (from)
        buffer_put(out, to, strlen(to));
    at += from ? strlen(from) : 0;
    buffer_put(out, at, strlen(at));
}

#endif
