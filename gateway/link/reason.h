/* Reasons: why an attempt failed or a connection ended, in words that say what to do. */
#ifndef LINK_REASON_H
#define LINK_REASON_H

#include <stdbool.h>
#include <stddef.h>

#include "link/link.h"

#define REASON_SIZE LINK_REASON_SIZE

/* How Paho reports a failed attempt. */
struct attempt_failure {
    enum link_protocol protocol;
    bool is_tls;
    int code;                    /* above 0 the broker's CONNACK, below Paho's */
    const char *message;         /* Paho's; may be NULL */
    const char *tls_error;       /* OpenSSL's reason; "" none */
};

void reason_of_failure(const struct attempt_failure *f, char out[REASON_SIZE]);

/* Whether the broker says that it does not speak the version we tried. */
bool reason_is_version(const struct attempt_failure *f);

/* Whether the broker refused us, and will until a person looks into it. */
bool reason_is_lasting(const struct attempt_failure *f);

/* The reason alone of a line of OpenSSL's error queue:
 * "THREAD:error:CODE:LIBRARY:FUNCTION:REASON:…". */
void reason_of_openssl(const char *line, char out[REASON_SIZE]);

/* MQTT 3.1.1's CONNACK codes (1 to 5) as MQTT 5 has them. */
int reason_code_of_connack_3(int code);

#endif
