/* carbon-gateway decode: a payload for people. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "publish/encode.h"

#define PAYLOAD_BYTES_MOST ((size_t)16 << 20)

static const struct { const char *word, *message; } kinds[] = {
    { "reading", "Reading" },
    { "batch", "ReadingBatch" },
    { "summary", "SiteSummary" },
    { "status", "GatewayStatus" },
    { "rejected", "RejectedMessage" },
};

#define N_KINDS (sizeof kinds / sizeof *kinds)

static const char *message_of(const char *word)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (strcmp(kinds[i].word, word) == 0)
            return kinds[i].message;
    return NULL;
}

static int read_stream(FILE *from, struct buffer *out)
{
    size_t n;
    do {
        if (out->size > PAYLOAD_BYTES_MOST)
            return -EFBIG;
        uint8_t *to = buffer_extend(out, 65536);
        n = fread(to, 1, 65536, from);
        out->size -= 65536 - n;
    } while (n > 0);
    return ferror(from) ? -EIO : 0;
}

static int read_payload(const char *path, struct buffer *out)
{
    FILE *from = path ? fopen(path, "rb") : stdin;
    int rc = from ? read_stream(from, out) : -errno;
    if (from && path)
        fclose(from);
    if (rc < 0)
        fprintf(stderr, "carbon-gateway decode: %s cannot be read – %s\n", path ? path : "input",
                strerror(-rc));
    return rc;
}

static int print_json(const char *message, struct slice payload)
{
    struct buffer json = { 0 };
    int rc = encode_json(message, payload, &json);
    if (rc == 0) {
        fwrite(json.at, 1, json.size, stdout);
        putchar('\n');
    } else {
        fprintf(stderr, "carbon-gateway decode: these %zu bytes are no %s of carbon.v1; a payload that "
                "mosquitto_sub prints needs its -N, or it ends with a line feed too many\n",
                payload.size, message);
    }
    buffer_fini(&json);
    return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}

int command_decode(int argc, char **argv)
{
    const char *message = argc > 0 ? message_of(argv[0]) : NULL;
    if (!message) {
        fputs("carbon-gateway decode: decode what? One of reading, batch, summary, status, rejected\n",
              stderr);
        return EXIT_WRONG;
    }
    if (argc > 2)
        return command_unknown("decode", argv[2]);

    struct buffer payload = { 0 };
    int rc = read_payload(argc == 2 ? argv[1] : NULL, &payload);
    rc = rc < 0 ? EXIT_FAILED : print_json(message, buffer_slice(&payload));
    buffer_fini(&payload);
    return rc;
}
