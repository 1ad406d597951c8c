/* Lines of JSON, each flushed, so that a script can follow them with `tail -f` or a pipe. The last
 * line is the run's result and also stands on standard output, whoever watched. */
#include "fleet/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/say.h"
#include "fleet/stamp.h"

#define EVERY_MS 500

struct progress {
    FILE *file; /* NULL: nobody watches */
    int64_t started_ms, next_ms;
};

int progress_open(const char *path, struct progress **out)
{
    FILE *file = NULL;
    if (path != NULL && strcmp(path, "-") == 0)
        file = stdout;
    else if (path != NULL && (file = fopen(path, "w")) == NULL)
        return say_trouble("%s: %s", path, strerror(errno));

    struct progress *p = malloc(sizeof(*p));
    if (p == NULL)
        abort();
    int64_t now_ms = stamp_steady_ms();
    *p = (struct progress){ .file = file, .started_ms = now_ms, .next_ms = now_ms };
    *out = p;
    return 0;
}

static void print_line(FILE *file, const struct counts *c, int64_t elapsed_ms, const char *is_done)
{
    fprintf(file,
            "{\"elapsed_ms\":%" PRId64 ",\"total\":%" PRIu64 ",\"sent\":%" PRIu64
            ",\"acked\":%" PRIu64 ",\"resent\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"done\":%s}\n",
            elapsed_ms, c->total, c->sent, c->acknowledged, c->resent, c->messages, is_done);
    fflush(file);
}

void progress_show(struct progress *p, const struct counts *c)
{
    int64_t now_ms = stamp_steady_ms();
    if (p->file == NULL || now_ms < p->next_ms)
        return;
    p->next_ms = now_ms + EVERY_MS;
    print_line(p->file, c, now_ms - p->started_ms, "false");
}

void progress_close(struct progress *p, const struct counts *c)
{
    int64_t elapsed_ms = stamp_steady_ms() - p->started_ms;
    print_line(stdout, c, elapsed_ms, "true");
    if (p->file != NULL && p->file != stdout) {
        print_line(p->file, c, elapsed_ms, "true");
        fclose(p->file);
    }
    free(p);
}
