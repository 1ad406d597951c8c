/* What a configuration that is read while the gateway runs cannot change at once: connections, paths, bounds.
 * Each such key is named, so that nobody takes it for being in force. Two values are compared by the rows
 * they were read by. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "conf.h"

static bool is_same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static size_t size_of(enum option_type type)
{
    switch (type) {
    case OPT_BOOL:
        return sizeof(bool);
    case OPT_CHOICE:
        return sizeof(int);
    case OPT_CHOICES:
        return sizeof(uint32_t);
    default:
        return sizeof(int64_t);
    }
}

/* Decimals are none of a machine's; its tables are looked into by `tell`. Its one list, factor_files, is read
 * again with the configuration. */
static bool is_same(const struct option *row, const char *a, const char *b)
{
    if (row->type == OPT_STRING || row->type == OPT_NAME)
        return is_same_text(*(const char *const *)(const void *)a, *(const char *const *)(const void *)b);
    return row->type == OPT_STRINGS || memcmp(a, b, size_of(row->type)) == 0;
}

static void tell(const struct option *rows, const char *prefix, const void *runs, const void *read)
{
    for (; rows->name; rows++) {
        const char *a = (const char *)runs + rows->at, *b = (const char *)read + rows->at;
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", rows->name);
        if (rows->type == OPT_TABLE)
            tell(rows->rows, name, a, b);
        else if (strcmp(name, "log") != 0 && !is_same(rows, a, b))
            log_line(LOG_WARN, "conf.at_start", "option=%s – this takes effect when the gateway is started "
                     "again; until then it goes on as it was", name);
    }
}

void conf_tell_at_start(const struct conf *runs, const struct conf *read)
{
    tell(conf_machine_options(), "", runs, read);
    if (runs->plan.max_payload_bytes != read->plan.max_payload_bytes)
        log_line(LOG_WARN, "conf.at_start", "option=max_payload – what is taken from the device broker is "
                 "bounded by it when the gateway is started again");
}
