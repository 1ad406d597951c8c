/* A small YAML file, read and written by an option table, so that a person can look into it and knows what
 * the claim rests on. It is replaced as a whole. What cannot be read proves nothing, and nothing worse:
 * the next probe writes it anew. */
#include "app/lossless_record.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"

#define VERSION 1
#define BYTES_MOST ((size_t)64 << 10)

static const char *const claims[] = { "unproven", "proven", "refuted", NULL };

static const struct option rows[] = {
    { .name = "version", .type = OPT_INT, .at = offsetof(struct lossless_record, version),
      .is_required = true, .help = "Of this file's format." },
    { .name = "claim", .type = OPT_CHOICE, .at = offsetof(struct lossless_record, claim),
      .is_required = true, .choices = claims, .help = "What was found." },
    { .name = "broker", .type = OPT_STRING, .at = offsetof(struct lossless_record, broker),
      .is_required = true, .help = "Of which broker." },
    { .name = "client_id", .type = OPT_STRING, .at = offsetof(struct lossless_record, client_id),
      .is_required = true, .help = "For which session." },
    { .name = "at_us", .type = OPT_INT, .at = offsetof(struct lossless_record, at_us),
      .is_required = true, .help = "When, in microseconds since 1970." },
    { .name = "sent", .type = OPT_INT, .at = offsetof(struct lossless_record, sent), .preset = "0",
      .help = "Messages for the absent session." },
    { .name = "came", .type = OPT_INT, .at = offsetof(struct lossless_record, came), .preset = "0",
      .help = "Of them those that came." },
    { .name = "why", .type = OPT_STRING, .at = offsetof(struct lossless_record, why), .preset = "",
      .help = "What was seen." },
    { .name = NULL }
};

static char *path_of(const struct conf *conf)
{
    char *path;
    if (asprintf(&path, "%s/lossless", conf->state) < 0)
        abort();
    return path;
}

int lossless_write(const struct conf *conf, const struct lossless_record *r)
{
    struct lossless_record whole = *r;
    struct buffer text = { 0 };
    char *path = path_of(conf);
    whole.version = VERSION;
    whole.broker = conf->ingest.link.broker;
    whole.client_id = conf->ingest.link.client_id;

    option_write(rows, &whole, &text);
    int rc = file_make_directory(conf->state);
    if (rc == 0)
        rc = file_replace(path, buffer_slice(&text));
    if (rc < 0)
        rc = err_raise(rc, "%s: cannot be written – %s; what the probe found is not remembered", path,
                       strerror(-rc));
    buffer_fini(&text);
    free(path);
    return rc;
}

/* Whether the text is a record of ours that holds for this configuration. */
static bool is_ours(const struct conf *conf, struct slice text, struct arena *arena,
                    struct lossless_record *r)
{
    struct problems problems;
    problems_init(&problems, "lossless", arena);
    bool is_read = option_read(rows, r, text, arena, &problems) == 0 && r->version == VERSION;
    problems_fini(&problems);
    return is_read && strcmp(r->broker, conf->ingest.link.broker) == 0 &&
           strcmp(r->client_id, conf->ingest.link.client_id) == 0;
}

void lossless_read(const struct conf *conf, struct arena *arena, struct lossless_record *out)
{
    char *path = path_of(conf), *text = NULL;
    size_t size = 0;
    struct lossless_record r = { 0 };

    *out = (struct lossless_record){ .claim = LOSSLESS_UNPROVEN, .broker = "", .client_id = "", .why = "" };
    if (file_read_all(path, BYTES_MOST, &text, &size) == 0 &&
        is_ours(conf, (struct slice){ (const uint8_t *)text, size }, arena, &r))
        *out = r;
    free(text);
    free(path);
}
