/* An address: where a broker is, as the configuration writes it and as Paho wants it. */
#ifndef LINK_ADDRESS_H
#define LINK_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_HOST_SIZE 256
#define ADDRESS_URI_SIZE (ADDRESS_HOST_SIZE + 16)

struct address {
    bool is_tls;
    char host[ADDRESS_HOST_SIZE];     /* a name, or a number; IPv6 without its brackets */
    uint16_t port;
};

#define ADDRESS_MALFORMED 1

/* Reads "mqtt://HOST[:PORT]" or "mqtts://HOST[:PORT]"; ports 1883 and 8883 unless told. No user,
 * path or query: credentials stand in files. */
int address_parse(const char *uri, struct address *out);

/* Paho's form of it, with `host` in place of the address's own. */
void address_uri(const struct address *a, const char *host, char out[ADDRESS_URI_SIZE]);

#define ADDRESS_UNKNOWN 1

/* Asks the resolver, which may take seconds: a worker's job. Of several numbers the turn-th is
 * given, those of IPv4 first. ADDRESS_UNKNOWN: *why tells in the resolver's words. */
int address_resolve(const struct address *a, unsigned turn, char out[ADDRESS_HOST_SIZE],
                    const char **why);

#endif
