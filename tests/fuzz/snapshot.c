/* Fuzzed: the rows of a snapshot, as pipeline_load is given them at start. Rows of raw bytes would be
 * refused at their first byte, so the fuzzer begins with the rows of a real run (a plan, registers,
 * intervals, open and closed windows, a ledger) and says what happens to them:
 *
 *   6 bytes   u16 which row, u16 offset, how (0: xor, 1: put in, 2: cut there, 3: the row is left out), value
 *
 * Promised: rows are taken or refused. When all were taken, the pipeline goes on: it takes a reading,
 * a tick and a new plan, tells its status and saves itself, whatever the rows said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"
#include "journal/journal.h"
#include "payload.h"
#include "pipeline.h"
#include "reading.pb-c.h"
#include "store/store.h"

#define BEGIN_US     INT64_C(1514764800000000)
#define BOOTTIME_US  UINT64_C(1000000)
#define MINUTE_US    INT64_C(60000000)
#define MINUTES      90
#define ROWS_MOST    256u

static const char yaml[] =
    "gateway: gw-1\n"
    "factors:\n"
    "  - {id: grid, source: made up, per: kWh, co2: 0.5, ch4: 0.01}\n"
    "sites:\n"
    "  - id: mill\n"
    "    zone: Europe/Berlin\n"
    "    periods: [1min, 15min, hour, day, month]\n"
    "    publish_shorter: true\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: energy, kind: interval, unit: kWh, stream: power, interval: 1min}\n"
    "          - {id: total, kind: register, unit: kWh, stream: power, modulus: 1000, max_rate: 500}\n";

struct row {
    enum stage stage;
    struct slice key, value;
};

static struct row rows[ROWS_MOST];
static size_t n_rows;
static struct arena arena;
static char intake_path[96];
static uint64_t intake_id, intake_end;
static struct payload payload;

/* The real run. */

static void arrive(struct journal *intake, const char *point, int minute, double value)
{
    uint8_t bytes[128];
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    r.point = (char *)point;
    r.time_unix_ms = (BEGIN_US + minute * MINUTE_US) / 1000;
    r.value = value;
    r.boot_id = 1;
    r.sequence = (uint64_t)minute;
    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1,
                       .topic = slice_of("carbon/v1/mill/meter/reading"),
                       .rest = { bytes, carbon__v1__reading__pack(&r, bytes) } };
    fuzz_promise(journal_append(intake, &f) == 0, "an intake can be written");
}

static void write_intake(void)
{
    struct journal_conf conf = { .path = intake_path, .segment_bytes = (int64_t)4 << 20 };
    struct journal_opening opening;
    struct journal *intake = NULL;
    fuzz_promise(journal_open(&conf, 0, 0, &intake, &opening) == 0, "an intake opens");
    for (int minute = 1; minute <= MINUTES; minute++) {
        if (minute % 7 != 0)
            arrive(intake, "energy", minute, minute * 0.25);
        arrive(intake, "total", minute, (minute * 15) % 1000);
    }
    arrive(intake, "energy", 7, 2);
    arrive(intake, "nobody", 7, 2);
    intake_id = journal_id(intake);
    intake_end = journal_end(intake);
    journal_close(intake);
}

static int lookup(void *self, enum stage stage, struct slice key, struct slice *out)
{
    (void)self, (void)stage, (void)key, (void)out;
    return STATE_ABSENT;
}

static struct pipeline *make_pipeline(void)
{
    struct pipeline_conf conf = { .intakes = { intake_path }, .lookup = { .get = lookup },
                                  .encode = payload_encode, .encode_self = &payload };
    struct pipeline *p = NULL;
    fuzz_promise(pipeline_open(&conf, &p) == 0, "a pipeline opens");
    return p;
}

/* Entries of a log book that nobody wrote; negative when the pipeline gives up. */
static int say(struct pipeline *p, struct store_batch *out, struct entry e)
{
    e.sequence = pipeline_position(p) + 1;
    e.boottime_us = BOOTTIME_US + MINUTES * (uint64_t)MINUTE_US + e.sequence;
    e.clock.offset_us = BEGIN_US - (int64_t)BOOTTIME_US;
    e.clock.is_synchronised = true;
    return pipeline_take(p, &e, out);
}

static struct entry took(uint64_t until)
{
    return (struct entry){ .kind = FRAME_TOOK, .journal_id = intake_id, .until = until };
}

static int keep_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    (void)self;
    if (n_rows < ROWS_MOST)
        rows[n_rows++] = (struct row){ stage,
                                       { (uint8_t *)arena_text(&arena, key), key.size },
                                       { (uint8_t *)arena_text(&arena, value), value.size } };
    return 0;
}

/* By way of a store, since only a store gives rows back. */
static void keep_rows(struct store_batch *batch)
{
    char path[96];
    struct store *store = NULL;
    snprintf(path, sizeof path, "%s/store.sqlite", fuzz_directory());
    fuzz_promise(store_open(path, &store) == 0 && store_write(store, batch) == 0 &&
                 store_load(store, keep_row, NULL) == 0, "a store keeps rows");
    store_close(store);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_silent();
    arena_init(&arena, 0);
    snprintf(intake_path, sizeof intake_path, "%s/intake", fuzz_directory());
    write_intake();

    struct pipeline *p = make_pipeline();
    struct store_batch *batch = store_batch_new();
    int rc = say(p, batch, (struct entry){ .kind = FRAME_GENESIS, .gateway_epoch = 7,
                                           .epoch_ordinal = 1, .gateway_id = slice_of("gw-1") });
    if (rc == 0)
        rc = say(p, batch, (struct entry){ .kind = FRAME_START, .version = slice_of("1"),
                                           .tzdata = slice_of("2025a") });
    if (rc == 0)
        rc = say(p, batch, (struct entry){ .kind = FRAME_CONFIG, .yaml = slice_of(yaml) });
    if (rc == 0)
        rc = say(p, batch, took(intake_end - 20));
    fuzz_promise(rc == 0, "the real run runs");
    pipeline_save(p, batch);
    keep_rows(batch);
    pipeline_close(p);
    store_batch_free(batch);
    return 0;
}

/* What happens to the rows: on copies, of exactly their size. */

struct edit {
    size_t row, offset;
    uint8_t how, value;
};

static bool next_edit(struct cursor *c, struct edit *out)
{
    if (c->end - c->at < 6)
        return false;
    out->row = cursor_u16(c) % n_rows;
    out->offset = cursor_u16(c);
    out->how = cursor_u8(c) % 4;
    out->value = cursor_u8(c);
    return true;
}

static void edit_row(const struct edit *e, struct buffer *value)
{
    size_t at = value->size > 0 ? e->offset % value->size : 0;
    if (e->how == 0 && value->size > 0)
        value->at[at] ^= e->value;
    else if (e->how == 2)
        value->size = at;
    else if (e->how == 1) {
        buffer_put_u8(value, 0);
        memmove(value->at + at + 1, value->at + at, value->size - 1 - at);
        value->at[at] = e->value;
    }
}

/* The row i as the edits leave it, in memory that the caller frees; NULL: it is left out. */
static uint8_t *edited(size_t i, struct slice edits, size_t *size)
{
    struct cursor c = cursor_of(edits);
    struct buffer value = { 0 };
    struct edit e;
    bool is_out = false;
    buffer_put(&value, rows[i].value.at, rows[i].value.size);
    while (next_edit(&c, &e))
        if (e.row == i) {
            is_out |= e.how == 3;
            edit_row(&e, &value);
        }
    uint8_t *exact = is_out ? NULL : malloc(value.size > 0 ? value.size : 1);
    if (exact && value.size > 0)
        memcpy(exact, value.at, value.size);
    *size = value.size;
    buffer_fini(&value);
    return exact;
}

static int load(struct pipeline *p, struct slice edits)
{
    int rc = 0;
    for (size_t i = 0; i < n_rows && rc == 0; i++) {
        size_t size;
        uint8_t *value = edited(i, edits, &size);
        if (value)
            rc = pipeline_load(p, rows[i].stage, rows[i].key, (struct slice){ value, size });
        free(value);
    }
    return rc;
}

static void go_on(struct pipeline *p)
{
    struct store_batch *batch = store_batch_new();
    struct status status = { 0 };
    struct arena texts;
    arena_init(&texts, 0);
    int rc = say(p, batch, took(intake_end));
    if (rc == 0)
        rc = say(p, batch, (struct entry){ .kind = FRAME_TICK });
    if (rc == 0)
        rc = say(p, batch, (struct entry){ .kind = FRAME_CONFIG, .yaml = slice_of(yaml) });
    if (rc == 0) {
        pipeline_status(p, &texts, &status);
        pipeline_save(p, batch);
        pipeline_committed(p);
    }
    arena_fini(&texts);
    store_batch_free(batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pipeline *p = make_pipeline();
    if (load(p, (struct slice){ bytes, size }) == 0)
        go_on(p);
    pipeline_close(p);
    return 0;
}
