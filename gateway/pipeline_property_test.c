/* Properties of the whole middle, over generated fleets: whatever the order, the duplicates, the batches and
 * the restarts, the final figures are the same to the last micro-unit.
 *
 * A seed draws what two sites measured in five hours: registers (one that behaves, one with dips, zeros,
 * spikes, resets, rollovers and two values for one key; at times its very first reading is the dip), gauges
 * by both rules, intervals, events, a state, every quality. The readings then go through the pipeline
 *
 *   in order, each by itself, without a break;
 *   in any order within the bound, some twice, in batches of any size, restarted with and without a commit;
 *   split over two gateways, each point wholly on one of them.
 *
 * Compared are the figures of the last revision of every window. `--seeds 1000` goes on for longer. */
#include "pipeline_works_test.h"

#define SITES_N   2
#define STREAMS_N 6
#define SLOTS     64
#define SLOT_US   (15 * MINUTE_US)
#define SLOT_FIRST (BEGIN_US - 8 * SLOT_US)
#define READINGS_MOST 1500

enum { CLEAN, WILD, LINE, HELD, LOAD, FILL };

static unsigned n_seeds = 50;

#define PROPERTY_SITE(id)                                                                          \
    "  - id: " id "\n"                                                                             \
    "    zone: UTC\n"                                                                              \
    "    periods: [15min, hour]\n"                                                                 \
    "    smallest: 15min\n"                                                                        \
    "    publish_shorter: true\n"                                                                  \
    "    grace: 0s\n"                                                                              \
    "    restate_every: 0s\n"                                                                      \
    "    streams:\n"                                                                               \
    "      - {id: clean, scope: 2, carrier: electricity, factor: grid}\n"                          \
    "      - {id: wild, scope: 2, carrier: electricity, factor: grid}\n"                           \
    "      - {id: line, scope: 2, carrier: electricity, factor: grid}\n"                           \
    "      - {id: held, scope: 2, carrier: electricity, factor: grid}\n"                           \
    "      - {id: load, scope: 2, carrier: electricity, factor: grid}\n"                           \
    "      - {id: fill, scope: 2, carrier: electricity, factor: grid}\n"                           \
    "    devices:\n"                                                                               \
    "      - id: a\n"                                                                              \
    "        points:\n"                                                                            \
    "          - {id: clean, kind: register, unit: kWh, stream: clean, resolution: 0.001,\n"       \
    "             modulus: 1000, max_rate: 500}\n"                                                 \
    "          - {id: wild, kind: register, unit: kWh, stream: wild, resolution: 0.001,\n"         \
    "             modulus: 1000, max_rate: 500, reset_from_zero: true, max_gap: 10min}\n"          \
    "          - {id: line, kind: gauge, unit: kW, stream: line, max_gap: 12min, max: 900}\n"      \
    "      - id: b\n"                                                                              \
    "        points:\n"                                                                            \
    "          - {id: held, kind: gauge, unit: kW, stream: held, max_gap: 12min,\n"                \
    "             integrate: previous}\n"                                                          \
    "          - {id: load, kind: interval, unit: kWh, stream: load, interval: 7min}\n"            \
    "          - {id: fill, kind: event, unit: kWh, stream: fill, max: 500}\n"                     \
    "          - {id: run, kind: state}\n"

static const char property_yaml[] =
    "gateway: gw-1\n"
    "factors:\n"
    "  - {id: grid, source: made up, per: kWh, co2: 0.4321}\n"
    "sites:\n" PROPERTY_SITE("mill") PROPERTY_SITE("quarry");

/* --- dice --- */

struct dice {
    uint64_t x;
};

static uint64_t roll(struct dice *d, uint64_t sides)
{
    d->x ^= d->x << 13;
    d->x ^= d->x >> 7;
    d->x ^= d->x << 17;
    return (d->x >> 11) % sides;
}

static struct dice dice_of(uint64_t seed)
{
    struct dice d = { seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
    for (int i = 0; i < 8; i++)
        roll(&d, 2);
    return d;
}

/* --- a fleet --- */

struct said {
    int site;
    char device;                 /* 'a' or 'b' */
    const char *point;
    int64_t time_ms;
    double value;
    uint64_t boot, sequence;
    uint32_t quality;
};

struct fleet {
    struct said at[READINGS_MOST];
    size_t n;
    int64_t clean_eighths[SITES_N];  /* what the registers that behave moved, in 1/8 kWh */
};

static void add(struct fleet *f, struct said s)
{
    assert_true(f->n < READINGS_MOST);
    f->at[f->n++] = s;
}

static uint32_t some_quality(struct dice *d)
{
    return roll(d, 4) ? QUALITY_GOOD : (uint32_t)roll(d, QUALITY_COUNT);
}

/* Rolls over at 1000 and says nothing but the truth. */
static void draw_clean(struct fleet *f, struct dice *d, int site)
{
    int64_t eighths = (int64_t)roll(d, 8000), time_ms = BEGIN_US / 1000;
    f->clean_eighths[site] = 0;
    for (uint64_t i = 0; i < 40; i++) {
        add(f, (struct said){ site, 'a', "clean", time_ms, (double)(eighths % 8000) / 8, 1, i + 1,
                              QUALITY_GOOD });
        int64_t moved = i < 39 ? (int64_t)roll(d, 200) : 0;
        eighths += moved;
        f->clean_eighths[site] += moved;
        time_ms += 60000 * (4 + (int64_t)roll(d, 6));
    }
}

static void draw_wild(struct fleet *f, struct dice *d, int site)
{
    struct said now = { site, 'a', "wild", BEGIN_US / 1000, (double)roll(d, 900), 1, 0, QUALITY_GOOD };
    for (int i = 0; i < 40; i++) {
        now.time_ms += roll(d, 6) == 0 ? 0 : 60000 * (4 + (int64_t)roll(d, 6));
        now.value += (double)roll(d, 160) / 8;
        if (now.value >= 1000)
            now.value -= 1000;
        now.sequence++;
        if (roll(d, 20) == 0) {
            now.boot++;
            now.sequence = 1;
            now.value = (double)roll(d, 30);
        }
        struct said s = now;
        s.quality = some_quality(d);
        switch (roll(d, 14)) {
        case 0: s.value = 0; break;
        case 1: s.value /= 2; break;
        case 2: s.value += 500; break;
        case 3: s.boot = s.sequence = 0; break;
        default: break;
        }
        if (i == 0 && roll(d, 2))
            s.value = 0;
        add(f, s);
    }
}

static void draw_gauge(struct fleet *f, struct dice *d, int site, char device, const char *point)
{
    struct said s = { site, device, point, BEGIN_US / 1000, 0, 1, 0, QUALITY_GOOD };
    for (int i = 0; i < 40; i++) {
        s.time_ms += roll(d, 8) == 0 ? 0 : 1000 * (240 + (int64_t)roll(d, 600));
        s.value = (double)roll(d, 8000) / 8;
        s.sequence++;
        s.quality = some_quality(d);
        add(f, s);
    }
}

static void draw_intervals(struct fleet *f, struct dice *d, int site)
{
    struct said s = { site, 'b', "load", BEGIN_US / 1000, 0, 1, 0, QUALITY_GOOD };
    for (int i = 0; i < 40; i++) {
        s.time_ms += 60000 * (roll(d, 6) == 0 ? (int64_t)roll(d, 14) : 7);
        s.value = (double)roll(d, 80) / 8;
        s.sequence++;
        s.quality = some_quality(d);
        add(f, s);
    }
}

static void draw_events(struct fleet *f, struct dice *d, int site)
{
    struct said s = { site, 'b', "fill", BEGIN_US / 1000, 0, 1, 0, QUALITY_GOOD };
    for (int i = 0; i < 20; i++) {
        s.time_ms += roll(d, 3) == 0 ? 0 : 60000 * (int64_t)roll(d, 30);
        s.value = (double)roll(d, 4400) / 8;
        s.sequence += roll(d, 10) ? 1 : 0;
        s.quality = some_quality(d);
        add(f, s);
        struct said run = s;
        run.point = "run";
        run.sequence = 0;
        add(f, run);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct said *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return (x > y) - (x < y);
}

static void draw_fleet(struct fleet *f, struct dice *d)
{
    f->n = 0;
    for (int site = 0; site < SITES_N; site++) {
        draw_clean(f, d, site);
        draw_wild(f, d, site);
        draw_gauge(f, d, site, 'a', "line");
        draw_gauge(f, d, site, 'b', "held");
        draw_intervals(f, d, site);
        draw_events(f, d, site);
    }
    qsort(f->at, f->n, sizeof f->at[0], by_time);
}

/* Some twice, some of them under another sequence; in any order, or within a stretch. */
static void disturb(struct fleet *f, struct dice *d)
{
    size_t n = f->n, within = roll(d, 2) ? f->n : 40;
    for (size_t i = 0; i < n; i++)
        if (roll(d, 6) == 0)
            add(f, f->at[i]);
    for (size_t start = 0; start < f->n; start += within) {
        size_t part = f->n - start < within ? f->n - start : within;
        for (size_t i = part; i > 1; i--) {
            size_t j = start + roll(d, i);
            struct said s = f->at[start + i - 1];
            f->at[start + i - 1] = f->at[j];
            f->at[j] = s;
        }
    }
}

/* --- a gateway --- */

struct figure {
    int128 activity, co2e;
};

/* The last revision of every window. */
struct outcome {
    struct figure at[SITES_N][2][SLOTS][STREAMS_N];   /* quarters and hours */
    unsigned revisions;
};

struct run {
    struct works *works;
    struct follower follower;
    struct outcome *outcome;
};

static void note(void *self, const struct plan *plan, const struct summary *s,
                 struct pipeline_encoded *out)
{
    struct run *r = self;
    (void)plan;
    buffer_print(&out->id, "%llu", (unsigned long long)s->sequence);
    buffer_print(&out->topic, "t");
    int64_t slot = (s->start_us - SLOT_FIRST) / SLOT_US;
    assert_true(s->start_us >= SLOT_FIRST && slot < SLOTS);
    r->outcome->revisions += s->revision > 1;
    struct figure *at = r->outcome->at[s->site][s->period == PERIOD_HOUR][slot];
    for (size_t i = 0; i < STREAMS_N; i++)
        at[i] = (struct figure){ 0 };
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct summary_stream *t = &s->streams[i];
        at[t->stream % STREAMS_N] = (struct figure){ t->has_activity ? t->activity_micro : 0,
                                                     t->has_co2e ? t->co2e_ug : 0 };
    }
}

static void go_on(struct run *r)
{
    struct follower *f = &r->follower;
    assert_int_equal(store_open(f->store_path, &f->store), 0);
    struct pipeline_conf conf = {
        .intakes = { r->works->intake_path },
        .lookup = store_lookup(f->store),
        .encode = note,
        .encode_self = r,
    };
    assert_int_equal(pipeline_open(&conf, &f->pipeline), 0);
    assert_int_equal(store_load(f->store, load_row, f), 0);
    pipeline_stand_at(f->pipeline, pipeline_logbook(f->pipeline), store_position(f->store));
    assert_int_equal(
        journal_reader_open(r->works->logbook_path, store_position(f->store), &f->reader), 0);
    f->batch = store_batch_new();
}

static void begin_run(struct run *r, struct outcome *outcome)
{
    void *works = NULL;
    *outcome = (struct outcome){ .revisions = 0 };
    assert_int_equal(make_works(&works), 0);
    *r = (struct run){ .works = works, .outcome = outcome };
    r->follower = follower_of(r->works, "store");
    say_beginning(r->works, property_yaml);
    go_on(r);
}

static void end_run(struct run *r)
{
    void *works = r->works;
    if (journal_end(r->works->intake) > r->works->took)
        take(r->works);
    assert_int_equal(follow(&r->follower, UINT64_MAX), 0);
    assert_int_equal(pipeline_take(r->follower.pipeline,
                                   &(struct entry){ .kind = FRAME_CLOSE,
                                                    .sequence = pipeline_position(r->follower.pipeline) + 1 },
                                   r->follower.batch), 0);
    assert_true(pipeline_balances(r->follower.pipeline));
    end(&r->follower);
    remove_works(&works);
}

static void fill_in(const struct said *s, Carbon__V1__Reading *out)
{
    carbon__v1__reading__init(out);
    out->point = (char *)s->point;
    out->time_unix_ms = s->time_ms;
    out->value = s->value;
    out->boot_id = s->boot;
    out->sequence = s->sequence;
    out->quality = (Carbon__V1__Quality)s->quality;
}

/* So many readings of one device as one message. */
static void publish(struct works *w, const struct said *const *at, size_t n)
{
    uint8_t bytes[4096];
    char topic[64];
    Carbon__V1__Reading readings[16], *list[16];
    Carbon__V1__ReadingBatch batch = CARBON__V1__READING_BATCH__INIT;
    assert_true(n > 0 && n <= 16);
    for (size_t i = 0; i < n; i++) {
        fill_in(at[i], &readings[i]);
        list[i] = &readings[i];
    }
    batch.n_readings = n;
    batch.readings = list;
    snprintf(topic, sizeof topic, "carbon/v1/%s/%c/batch", at[0]->site ? "quarry" : "mill", at[0]->device);
    size_t size = carbon__v1__reading_batch__pack(&batch, bytes);
    assert_true(size <= sizeof bytes);
    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1, .topic = slice_of(topic), .rest = { bytes, size } };
    assert_int_equal(journal_append(w->intake, &f), 0);
}

/* A kill: what was not committed is followed again. Or a stop. */
static void restart(struct run *r, bool is_kill)
{
    if (!is_kill)
        commit(&r->follower);
    end(&r->follower);
    go_on(r);
}

/* --- the ways --- */

static void go_in_order(const struct fleet *f, struct outcome *out)
{
    struct run r;
    begin_run(&r, out);
    for (size_t i = 0; i < f->n; i++)
        publish(r.works, &(const struct said *){ &f->at[i] }, 1);
    end_run(&r);
}

/* The readings of the device that begins the stretch; the rest of it comes after them. */
static void publish_stretch(struct works *w, const struct said *at, size_t n)
{
    for (int site = 0; site < SITES_N; site++)
        for (char device = 'a'; device <= 'b'; device++) {
            const struct said *list[16];
            size_t found = 0;
            for (size_t i = 0; i < n; i++)
                if (at[i].site == site && at[i].device == device)
                    list[found++] = &at[i];
            if (found > 0)
                publish(w, list, found);
        }
}

static void go_wildly(const struct fleet *f, struct dice *d, struct outcome *out)
{
    struct run r;
    begin_run(&r, out);
    for (size_t i = 0, n; i < f->n; i += n) {
        n = 1 + roll(d, roll(d, 2) ? 3 : 16);
        n = n < f->n - i ? n : f->n - i;
        publish_stretch(r.works, &f->at[i], n);
        if (roll(d, 3))
            continue;
        take(r.works);
        assert_int_equal(follow(&r.follower, UINT64_MAX), 0);
        if (roll(d, 6) == 0)
            restart(&r, roll(d, 2));
        else if (roll(d, 4) == 0)
            commit(&r.follower);
    }
    end_run(&r);
}

static void go_to_one_of_two(const struct fleet *f, char device, struct outcome *out)
{
    struct run r;
    begin_run(&r, out);
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].device == device)
            publish(r.works, &(const struct said *){ &f->at[i] }, 1);
    end_run(&r);
}

/* --- what must hold --- */

static int128 total(const struct outcome *o, int site, int is_hour, int stream)
{
    int128 sum = 0;
    for (int i = 0; i < SLOTS; i++)
        sum += o->at[site][is_hour][i][stream].activity;
    return sum;
}

static void assert_figures(uint64_t seed, const struct outcome *a, const struct outcome *b)
{
    for (int site = 0; site < SITES_N; site++)
        for (int is_hour = 0; is_hour < 2; is_hour++)
            for (int slot = 0; slot < SLOTS; slot++)
                for (int stream = 0; stream < STREAMS_N; stream++) {
                    const struct figure *x = &a->at[site][is_hour][slot][stream];
                    const struct figure *y = &b->at[site][is_hour][slot][stream];
                    if (x->activity != y->activity || x->co2e != y->co2e)
                        fail_msg("seed %llu: site %d, hour %d, slot %d, stream %d: %lld and %lld",
                                 (unsigned long long)seed, site, is_hour, slot, stream,
                                 (long long)x->activity, (long long)y->activity);
                }
}

static void assert_hours_are_sums(const struct outcome *o)
{
    for (int site = 0; site < SITES_N; site++)
        for (int stream = 0; stream < STREAMS_N; stream++)
            for (int slot = 0; slot < SLOTS; slot += 4) {
                int128 activity = 0, co2e = 0;
                for (int i = 0; i < 4; i++) {
                    activity += o->at[site][0][slot + i][stream].activity;
                    co2e += o->at[site][0][slot + i][stream].co2e;
                }
                assert_true(activity == o->at[site][1][slot][stream].activity);
                assert_true(co2e == o->at[site][1][slot][stream].co2e);
            }
}

static void add_outcome(struct outcome *a, const struct outcome *b)
{
    struct figure *x = &a->at[0][0][0][0];
    const struct figure *y = &b->at[0][0][0][0];
    for (size_t i = 0; i < sizeof a->at / sizeof *x; i++) {
        x[i].activity += y[i].activity;
        x[i].co2e += y[i].co2e;
    }
}

static struct fleet fleet;
static struct outcome in_order, wildly, first, second;

static void check_seed(uint64_t seed)
{
    struct dice d = dice_of(seed);
    draw_fleet(&fleet, &d);
    go_in_order(&fleet, &in_order);
    assert_hours_are_sums(&in_order);
    for (int site = 0; site < SITES_N; site++) {
        assert_true(total(&in_order, site, 0, CLEAN) == (int128)fleet.clean_eighths[site] * 125000000);
        for (int stream = LINE; stream < STREAMS_N; stream++)
            assert_true(total(&in_order, site, 0, stream) > 0);
    }

    go_to_one_of_two(&fleet, 'a', &first);
    go_to_one_of_two(&fleet, 'b', &second);
    add_outcome(&first, &second);
    assert_figures(seed, &in_order, &first);

    disturb(&fleet, &d);
    go_wildly(&fleet, &d, &wildly);
    assert_figures(seed, &in_order, &wildly);
    assert_true(wildly.revisions > 0);
}

static void any_order_and_any_restarts_end_in_the_same_figures(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= n_seeds; seed++)
        check_seed(seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_and_any_restarts_end_in_the_same_figures),
    };
    if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
        n_seeds = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
