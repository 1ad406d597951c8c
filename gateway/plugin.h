/* The contract of plugins, and the only header of the gateway that a plugin sees.
 *
 * A plugin is a shared object NAME.so with one exported symbol, cgw_plugin(), that returns one constant
 * struct; what is NULL in it is not offered. Today a plugin can be a decoder: it turns the payload of a
 * message into readings. ABI 0: it may still change from one release to the next. Within one ABI the
 * structs only grow at the end, and `size` tells how far the other side reaches.
 *
 * Rules. Calls come from one thread and must not block. A decoder depends on its input and its options
 * alone: no clock, no file, no environment, or a replay would not give the same bytes. Strings handed
 * to the host are copied before the call returns; what the host lends is valid during the call, unless
 * it says otherwise. plugins/json is an example to begin from. */
#ifndef CARBON_GATEWAY_PLUGIN_H
#define CARBON_GATEWAY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define CGW_ABI 0

/* What a decoder returns. */
#define CGW_DONE 0               /* its readings, none or more, were handed to the host */
#define CGW_UNDECODABLE 1        /* the payload is not what it should be: one verdict for the message,
                                  * and readings that were handed over before are dropped */

enum cgw_option_type {
    CGW_OPTION_STRING,           /* const char *, never NULL */
    CGW_OPTION_BOOL,             /* bool */
    CGW_OPTION_INT,              /* int64_t */
    CGW_OPTION_DURATION,         /* int64_t, microseconds */
    CGW_OPTION_CHOICE,           /* int, the index in choices */
};

/* One option: a row of a table that ends with .name = NULL. The host reads the configuration by it,
 * reports mistakes with their places, and fills the struct before open() is called. */
struct cgw_option {
    const char *name;
    enum cgw_option_type type;
    size_t at;                   /* offsetof in the plugin's own struct of conf_size bytes */
    const char *preset;          /* as text; NULL: "", false, 0, the first choice */
    const char *min, *max;       /* as texts, or NULL; of a string they bound its bytes */
    const char *const *choices;  /* of a CHOICE; ends with NULL */
    const char *help;            /* one sentence */
};

/* A message as the broker gave it. Neither text ends with a NUL; the topic may hold any bytes. */
struct cgw_frame {
    const char *topic;
    size_t topic_size;
    const uint8_t *payload;
    size_t payload_size;         /* above 0 */
};

/* A reading as the device said it. NULL, "" or 0 means: not told; the topic or the declaration fills
 * it. A zeroed struct is a good beginning. */
struct cgw_reading {
    uint32_t size;               /* sizeof(struct cgw_reading) */
    const char *site, *device;
    const char *point;           /* required */
    int64_t time_unix_us;        /* required: UTC microseconds since 1970 */
    double value;                /* required; NaN and infinities get their verdict from the host */
    const char *unit;            /* "kWh"; must be the declared one */
    uint32_t quality;            /* numbers of carbon.v1.Quality; one that is none counts as SUSPECT */
    uint32_t interval_ms;
    uint64_t boot_id, sequence;
};

struct cgw_batch;                /* the host's: where the readings of a message are gathered */

/* What the host offers. Lives longer than any plugin instance. */
struct cgw_host {
    uint32_t abi, size;          /* CGW_ABI, sizeof(struct cgw_host) */

    /* Adds a reading, whatever the host then thinks of it. Returns 0, or 1 when the batch is full: stop
     * and return CGW_UNDECODABLE then. */
    int (*add_reading)(struct cgw_batch *batch, const struct cgw_reading *reading);

    /* Why a payload could not be decoded, for people. Copied, at most 200 bytes. */
    void (*explain)(struct cgw_batch *batch, const char *why);

    /* Text to a double as the C locale would: a decimal number, "nan", "inf", the whole text and nothing
     * but. 0, or 1 and *out is untouched. */
    int (*parse_number)(const char *text, double *out);

    /* ISO 8601 with seconds and zone ("2018-01-01T00:15:00.5+09:00", "…Z") to UTC microseconds; further
     * digits are cut. 0, or 1 and *out is untouched. */
    int (*parse_time)(const char *text, int64_t *out_unix_us);
};

struct cgw_plugin {
    uint32_t abi, size;          /* CGW_ABI, sizeof(struct cgw_plugin) */
    const char *name;            /* that of its file, without ".so" */
    const char *version, *about;
    const struct cgw_option *options;   /* NULL: none */
    size_t conf_size;

    /* Makes an instance. conf, its strings included, lives until close(). 0, or 1 when the options
     * contradict each other: then *why says it (static text), and close() is not called. */
    int (*open)(void **self, const void *conf, const struct cgw_host *host, const char **why);
    void (*close)(void *self);   /* accepts NULL */

    /* CGW_DONE or CGW_UNDECODABLE. */
    int (*decode)(void *self, const struct cgw_frame *in, struct cgw_batch *out);
};

/* The one exported symbol. */
__attribute__((visibility("default"))) const struct cgw_plugin *cgw_plugin(void);

#endif
