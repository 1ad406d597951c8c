/* Addresses are resolved here, before Paho is called, and not in Paho: its own getaddrinfo runs
 * with the lock held that its receive thread needs, so that a resolver which times out (the usual
 * company of an upstream outage) would stall the device side for as long. Paho is therefore given
 * the number, and by turns each of them where a name has several. Only with TLS it must be given
 * the name, against which the certificate is checked; there our own question has at least shown
 * that there is an answer. */
#include "link/address.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool take_prefix(const char **text, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(*text, prefix, n) != 0)
        return false;
    *text += n;
    return true;
}

/* Letters, digits and what names and numbers have between them; everything else (@, /, ?, blanks)
 * means that the text is more than a host. */
static bool is_host(const char *at, size_t n, bool is_bracketed)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const char *allowed_6 = "0123456789abcdefABCDEF:.";

    if (n == 0 || n >= ADDRESS_HOST_SIZE)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!strchr(is_bracketed ? allowed_6 : allowed, at[i]))
            return false;
    return true;
}

static int parse_port(const char *text, uint16_t *out)
{
    if (*text == '\0' || strlen(text) > 5 || text[strspn(text, "0123456789")] != '\0')
        return ADDRESS_MALFORMED;
    long port = strtol(text, NULL, 10);
    if (port < 1 || port > 65535)
        return ADDRESS_MALFORMED;
    *out = (uint16_t)port;
    return 0;
}

int address_parse(const char *uri, struct address *out)
{
    struct address a = { .is_tls = false, .port = 1883 };
    if (take_prefix(&uri, "mqtts://")) {
        a.is_tls = true;
        a.port = 8883;
    } else if (!take_prefix(&uri, "mqtt://")) {
        return ADDRESS_MALFORMED;
    }

    bool is_bracketed = take_prefix(&uri, "[");
    size_t n = strcspn(uri, is_bracketed ? "]" : ":");
    if (!is_host(uri, n, is_bracketed) || (is_bracketed && uri[n] != ']'))
        return ADDRESS_MALFORMED;
    memcpy(a.host, uri, n);
    uri += n + (is_bracketed ? 1 : 0);

    if (*uri != '\0' && (*uri != ':' || parse_port(uri + 1, &a.port) != 0))
        return ADDRESS_MALFORMED;
    *out = a;
    return 0;
}

void address_uri(const struct address *a, const char *host, char out[ADDRESS_URI_SIZE])
{
    const char *scheme = a->is_tls ? "ssl" : "tcp";
    if (strchr(host, ':'))
        snprintf(out, ADDRESS_URI_SIZE, "%s://[%s]:%u", scheme, host, (unsigned)a->port);
    else
        snprintf(out, ADDRESS_URI_SIZE, "%s://%s:%u", scheme, host, (unsigned)a->port);
}

/* The turn-th of a list in which the family's members count first. */
static const struct addrinfo *pick(const struct addrinfo *list, unsigned turn)
{
    unsigned n = 0;
    for (const struct addrinfo *i = list; i; i = i->ai_next)
        n++;

    unsigned left = n ? turn % n : 0;
    const int families[] = { AF_INET, AF_INET6 };
    for (size_t f = 0; f < 2; f++)
        for (const struct addrinfo *i = list; i; i = i->ai_next)
            if (i->ai_family == families[f] && left-- == 0)
                return i;
    return list;
}

int address_resolve(const struct address *a, unsigned turn, char out[ADDRESS_HOST_SIZE],
                    const char **why)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;

    int rc = getaddrinfo(a->host, NULL, &hints, &list);
    if (rc == 0) {
        const struct addrinfo *i = pick(list, turn);
        rc = getnameinfo(i->ai_addr, i->ai_addrlen, out, ADDRESS_HOST_SIZE, NULL, 0, NI_NUMERICHOST);
        freeaddrinfo(list);
    }
    if (rc == 0)
        return 0;
    *why = gai_strerror(rc);
    return ADDRESS_UNKNOWN;
}
