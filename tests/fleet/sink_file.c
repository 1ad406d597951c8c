/* Messages to a file: for replays without a network and as seeds of fuzzers. One record after the
 * other, without header or trailer, so that files may be cut and joined:
 *
 *   u32 LE size of topic | topic | u32 LE size of payload | payload */
#include "fleet/sink.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fleet/message.h"
#include "fleet/say.h"

struct sink_file {
    struct sink sink; /* first, so that one is the other */
    FILE *file;
    char *path;
};

static bool write_sized(FILE *file, const void *bytes, size_t size)
{
    uint32_t le = htole32((uint32_t)size);
    return fwrite(&le, sizeof(le), 1, file) == 1 &&
           (size == 0 || fwrite(bytes, size, 1, file) == 1);
}

static int offer(struct sink *sink, struct message *m)
{
    struct sink_file *s = (struct sink_file *)sink;
    if (!write_sized(s->file, m->topic, strlen(m->topic)) ||
        !write_sized(s->file, m->payload, m->size))
        return say_trouble("%s: cannot write: %s", s->path, strerror(errno));
    sink->on_acknowledged(sink->owner, m);
    return 0;
}

static int turn(struct sink *sink, int wait_ms)
{
    (void)sink;
    if (wait_ms > 0) {
        struct timespec t = { .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L };
        nanosleep(&t, NULL);
    }
    return 0;
}

static int close_file(struct sink *sink)
{
    struct sink_file *s = (struct sink_file *)sink;
    int rc = 0;
    if (fclose(s->file) != 0)
        rc = say_trouble("%s: cannot write: %s", s->path, strerror(errno));
    free(s->path);
    free(s);
    return rc;
}

int sink_file_open(const char *path, struct sink **out)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return say_trouble("%s: %s", path, strerror(errno));
    struct sink_file *s = calloc(1, sizeof(*s));
    char *copy = strdup(path);
    if (s == NULL || copy == NULL)
        abort();
    s->sink = (struct sink){ .offer = offer, .turn = turn, .close = close_file };
    s->file = file;
    s->path = copy;
    *out = &s->sink;
    return 0;
}
