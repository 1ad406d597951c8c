/* What a link is told at its opening: whether that fits together, and a copy that lasts as long as the link. The
 * rows stand in link.h, since the rooms that hold a link put them into tables of their own. */
#include "link/conf.h"

#include <stdlib.h>
#include <string.h>

#include "link/address.h"

const char *const link_protocols[] = { "3.1.1", "5", NULL };

static const char *mistake_of(const char *row, const char *text, const char **key)
{
    if (key)
        *key = row;
    return text;
}

const char *link_conf_mistake(const struct link_conf *conf, const char **key)
{
    struct address address;
    bool has_user = conf->user_file && *conf->user_file;
    bool has_password = conf->password_file && *conf->password_file;

    if (address_parse(conf->broker, &address) != 0)
        return mistake_of("broker", "broker is mqtts://HOST[:PORT] or mqtt://HOST[:PORT], without user or "
                          "path", key);
    if (address.is_tls && strchr(address.host, ':'))
        return mistake_of("broker", "Paho cannot verify a certificate for an IPv6 number; give the broker's "
                          "name", key);
    if (has_password && !has_user)
        return mistake_of("password_file", "password_file needs user_file", key);
    if (conf->ca_file && *conf->ca_file && !address.is_tls)
        return mistake_of("ca_file", "ca_file is for mqtts:// alone; with mqtt:// nothing is encrypted", key);
    if (conf->backoff_min_us > conf->backoff_max_us)
        return mistake_of("backoff_min", "backoff_min is longer than backoff_max", key);
    return NULL;
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text ? text : "");
    if (!copy)
        abort();
    return copy;
}

struct link_conf link_conf_copy(const struct link_conf *conf)
{
    struct link_conf copy = *conf;
    copy.broker = copy_text(conf->broker);
    copy.client_id = copy_text(conf->client_id);
    copy.user_file = copy_text(conf->user_file);
    copy.password_file = copy_text(conf->password_file);
    copy.ca_file = copy_text(conf->ca_file);
    return copy;
}

struct link_will link_will_copy(const struct link_will *will)
{
    struct link_will copy = { .topic = NULL };
    if (!will || !will->topic)
        return copy;
    uint8_t *payload = malloc(will->payload.size + 1);
    if (!payload)
        abort();
    if (will->payload.size > 0)
        memcpy(payload, will->payload.at, will->payload.size);
    copy = *will;
    copy.topic = copy_text(will->topic);
    copy.payload.at = payload;
    return copy;
}

void link_conf_free(struct link_conf *copy)
{
    const char *texts[] = { copy->broker, copy->client_id, copy->user_file, copy->password_file,
                            copy->ca_file };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free((char *)texts[i]);
}

void link_will_free(struct link_will *copy)
{
    free((char *)copy->topic);
    free((uint8_t *)copy->payload.at);
}
