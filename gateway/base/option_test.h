/* What the tests of options share: tables with a row of every type, and the ways to read and
 * write. */
#ifndef BASE_OPTION_TEST_H
#define BASE_OPTION_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/option.h"

struct link_conf {
    const char *url, *password;
    int64_t keepalive_us;
};

struct site_conf {
    struct place place;
    const char *name;
    struct option_list devices;
    struct decimal area;
};

struct device_conf {
    struct place place;
    const char *name;
    int64_t since;
};

struct conf {
    const char *title, *alias, *directory;
    bool is_live;
    int64_t count, floor, room_bytes, grace_us, since;
    struct decimal margin;
    int durability;
    uint32_t periods;
    struct option_list topics, sites;
    struct link_conf upstream;
    struct option_raw plugin;
};

static const char *const durabilities[] = { "process", "power", NULL };
static const char *const periods[] = { "minute", "quarter", "hour", "day", NULL };

static const struct option device_options[] = {
    { .name = "name",
      .type = OPT_NAME,
      .at = offsetof(struct device_conf, name),
      .is_required = true },
    { .name = "since", .type = OPT_DATE, .at = offsetof(struct device_conf, since) },
    { .name = NULL },
};

static const struct option site_options[] = {
    { .name = "name",
      .type = OPT_NAME,
      .at = offsetof(struct site_conf, name),
      .is_required = true },
    { .name = "devices",
      .type = OPT_LIST,
      .at = offsetof(struct site_conf, devices),
      .rows = device_options,
      .row_size = sizeof(struct device_conf) },
    { .name = "area",
      .type = OPT_DECIMAL,
      .at = offsetof(struct site_conf, area),
      .preset = "1.50",
      .min = "0.5",
      .max = "1000" },
    { .name = NULL },
};

static const struct option link_options[] = {
    { .name = "url",
      .type = OPT_STRING,
      .at = offsetof(struct link_conf, url),
      .preset = "mqtts://127.0.0.1:8883",
      .max = "40",
      .help = "Broker to publish to." },
    { .name = "password",
      .type = OPT_STRING,
      .at = offsetof(struct link_conf, password),
      .is_secret = true,
      .preset = "changeme",
      .max = "12" },
    { .name = "keepalive",
      .type = OPT_DURATION,
      .at = offsetof(struct link_conf, keepalive_us),
      .preset = "30s",
      .min = "5s",
      .max = "1h",
      .help = "Silence after which the link is lost." },
    { .name = NULL },
};

static const struct option options[] = {
    { .name = "title", .type = OPT_STRING, .at = offsetof(struct conf, title) },
    { .name = "alias", .type = OPT_NAME, .at = offsetof(struct conf, alias) },
    { .name = "directory",
      .type = OPT_STRING,
      .at = offsetof(struct conf, directory),
      .preset = "/var/lib",
      .is_local = true },
    { .name = "live", .type = OPT_BOOL, .at = offsetof(struct conf, is_live), .preset = "yes" },
    { .name = "count", .type = OPT_INT, .at = offsetof(struct conf, count), .preset = "-3" },
    { .name = "floor", .type = OPT_INT, .at = offsetof(struct conf, floor), .min = "5" },
    { .name = "room",
      .type = OPT_SIZE,
      .at = offsetof(struct conf, room_bytes),
      .preset = "64MB",
      .max = "1TiB" },
    { .name = "grace",
      .type = OPT_DURATION,
      .at = offsetof(struct conf, grace_us),
      .preset = "2min" },
    { .name = "since", .type = OPT_DATE, .at = offsetof(struct conf, since) },
    { .name = "margin",
      .type = OPT_DECIMAL,
      .at = offsetof(struct conf, margin),
      .preset = "0.10" },
    { .name = "durability",
      .type = OPT_CHOICE,
      .at = offsetof(struct conf, durability),
      .choices = durabilities,
      .preset = "power" },
    { .name = "periods",
      .type = OPT_CHOICES,
      .at = offsetof(struct conf, periods),
      .choices = periods,
      .preset = "[hour, day]" },
    { .name = "topics",
      .type = OPT_STRINGS,
      .at = offsetof(struct conf, topics),
      .preset = "[carbon/v1/+/+/reading]",
      .min = "1",
      .max = "3" },
    { .name = "upstream",
      .type = OPT_TABLE,
      .at = offsetof(struct conf, upstream),
      .rows = link_options },
    { .name = "sites",
      .type = OPT_LIST,
      .at = offsetof(struct conf, sites),
      .rows = site_options,
      .row_size = sizeof(struct site_conf) },
    { .name = "plugin", .type = OPT_RAW, .at = offsetof(struct conf, plugin) },
    { .name = NULL },
};

struct fixture {
    struct arena arena;
    struct problems problems;
    struct buffer out;
    struct conf conf;
};

static inline void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    arena_init(&f->arena, 0);
    problems_init(&f->problems, "c.yml", &f->arena);
}

static inline void fixture_fini(struct fixture *f)
{
    buffer_fini(&f->out);
    problems_fini(&f->problems);
    arena_fini(&f->arena);
}

static inline const char *text_of(struct buffer *b)
{
    buffer_put_u8(b, 0);
    return (const char *)b->at;
}

/* All problems of a document, as they are printed. */
static inline const char *complaints(struct fixture *f, const struct option *table, void *conf,
                                     const char *yaml)
{
    int rc = option_read(table, conf, slice_of(yaml), &f->arena, &f->problems);
    assert_int_equal(rc, f->problems.n > 0 ? OPTION_WRONG : 0);
    problems_print(&f->problems, &f->out);
    return text_of(&f->out);
}

static inline void assert_complaints(const char *yaml, const char *expected)
{
    struct fixture f;
    fixture_init(&f);
    assert_string_equal(complaints(&f, options, &f.conf, yaml), expected);
    fixture_fini(&f);
}

static inline void read_well(struct fixture *f, const char *yaml)
{
    fixture_init(f);
    assert_string_equal(complaints(f, options, &f->conf, yaml), "");
}

static inline const char *written(struct fixture *f, const struct option *table, const void *conf)
{
    buffer_clear(&f->out);
    option_write(table, conf, &f->out);
    return text_of(&f->out);
}

static inline void assert_decimal(struct decimal d, int64_t mantissa, unsigned scale)
{
    assert_int_equal(d.mantissa, mantissa);
    assert_int_equal(d.scale, scale);
}

static inline void assert_presets(const struct conf *c)
{
    assert_string_equal(c->title, "");
    assert_string_equal(c->alias, "");
    assert_string_equal(c->directory, "/var/lib");
    assert_true(c->is_live);
    assert_int_equal(c->count, -3);
    assert_int_equal(c->floor, 0);
    assert_int_equal(c->room_bytes, 64000000);
    assert_int_equal(c->grace_us, 120000000);
    assert_int_equal(c->since, 0);
    assert_decimal(c->margin, 10, 2);
    assert_int_equal(c->durability, 1);
    assert_int_equal(c->periods, 0xc);
    assert_int_equal(c->topics.n, 1);
    assert_string_equal(((const char **)c->topics.at)[0], "carbon/v1/+/+/reading");
    assert_string_equal(c->upstream.url, "mqtts://127.0.0.1:8883");
    assert_string_equal(c->upstream.password, "changeme");
    assert_int_equal(c->upstream.keepalive_us, 30000000);
    assert_int_equal(c->sites.n, 0);
    assert_int_equal(c->plugin.yaml.size, 0);
}

#endif
