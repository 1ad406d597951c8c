/* Paho tells little: a number, at times a phrase. What an operator needs is the next thing to look
 * at, so each known cause has its sentence here, in one table keyed by MQTT 5's reason codes;
 * 3.1.1's five are looked up as their counterparts. */
#include "link/reason.h"

#include <MQTTAsync.h>
#include <stdio.h>
#include <string.h>

struct reason {
    int code;
    const char *text;
};

static const struct reason reasons[] = {
    { 128, "refused without a reason; the broker's log may tell" },
    { 129, "the broker could not read our packet" },
    { 130, "the broker takes it for a protocol error" },
    { 131, "the broker's own reason; its log may tell" },
    { 132, "the broker does not speak this version of MQTT; set protocol" },
    { 133, "the broker does not accept the client id; set client_id" },
    { 134, "user name or password are wrong; check user_file and password_file" },
    { 135, "not authorized; check user_file and password_file, and the broker's access list" },
    { 136, "the broker is not available at the moment" },
    { 137, "the broker is busy" },
    { 138, "the broker has banned this client" },
    { 139, "the broker is shutting down" },
    { 140, "the broker wants another way of authentication" },
    { 141, "the broker heard nothing from us within the keepalive time" },
    { 142, "another client came with our client id; give each gateway its own" },
    { 143, "the broker does not accept the topic filter" },
    { 144, "the broker does not accept the topic" },
    { 147, "more messages in flight than the broker takes" },
    { 149, "the packet is larger than the broker takes" },
    { 150, "messages come faster than the broker takes them" },
    { 151, "a quota at the broker is exhausted" },
    { 152, "closed by an administrator of the broker" },
    { 154, "the broker does not keep retained messages" },
    { 155, "the broker does not offer QoS 1" },
    { 156, "the broker asks us to use another for now; set broker" },
    { 157, "the broker has moved for good; set broker" },
    { 159, "connections come faster than the broker takes them" },
    { 162, "the broker takes no wildcards in subscriptions" },
};

const char *link_reason(int code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].code == code)
            return reasons[i].text;
    const char *name = code >= 128 ? MQTTReasonCode_toString((enum MQTTReasonCodes)code) : NULL;
    return name ? name : "for a reason that MQTT does not know";
}

int reason_code_of_connack_3(int code)
{
    static const int codes[] = { 128, 132, 133, 136, 134, 135 };
    return code >= 1 && code <= 5 ? codes[code] : 128;
}

/* A broker of before MQTT 5 answers with 3.1.1's code 1, which MQTT 5 does not know. */
static int reason_code(const struct attempt_failure *f)
{
    return f->code < 128 ? reason_code_of_connack_3(f->code) : f->code;
}

bool reason_is_version(const struct attempt_failure *f)
{
    return f->code > 0 && reason_code(f) == MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION;
}

/* Not available, busy, shutting down, too many connections: that passes by itself. */
bool reason_is_lasting(const struct attempt_failure *f)
{
    int code = f->code > 0 ? reason_code(f) : 0;
    return code >= 128 && code != MQTTREASONCODE_SERVER_UNAVAILABLE && code != MQTTREASONCODE_SERVER_BUSY &&
           code != MQTTREASONCODE_SERVER_SHUTTING_DOWN &&
           code != MQTTREASONCODE_CONNECTION_RATE_EXCEEDED;
}

static bool says(const struct attempt_failure *f, const char *phrase)
{
    return f->message && strstr(f->message, phrase);
}

/* OpenSSL has a word of its own for most failures of TLS. It has none where the certificate is good
 * but for another host: that check is Paho's. */
static void reason_of_tls(const struct attempt_failure *f, char out[REASON_SIZE])
{
    if (strstr(f->tls_error, "certificate verify failed"))
        snprintf(out, REASON_SIZE, "the broker's certificate is not signed by an authority we trust, or "
                 "has expired; check ca_file");
    else if (*f->tls_error)
        snprintf(out, REASON_SIZE, "TLS failed; check port, ca_file and certificate (%.120s)",
                 f->tls_error);
    else
        snprintf(out, REASON_SIZE, "nothing answers there in TLS, or the broker's certificate is for "
                 "another host name; check broker and its port");
}

void reason_of_openssl(const char *line, char out[REASON_SIZE])
{
    const char *error = strstr(line, "error:");
    const char *field = error ? error + strlen("error:") : line;

    for (int i = 0; error && i < 3; i++) {
        const char *colon = strchr(field, ':');
        if (!colon)
            break;
        field = colon + 1;
    }
    snprintf(out, REASON_SIZE, "%.*s", (int)strcspn(field, error ? ":\n" : "\n"), field);
}

void reason_of_failure(const struct attempt_failure *f, char out[REASON_SIZE])
{
    if (f->code > 0)
        snprintf(out, REASON_SIZE, "%s (code %d)", link_reason(reason_code(f)), f->code);
    else if (says(f, "timeout"))
        snprintf(out, REASON_SIZE, "no answer in time; check the network, firewalls and the address");
    else if (says(f, "completion"))
        snprintf(out, REASON_SIZE, "the broker closed the connection without an answer; its log may tell");
    else if (f->is_tls)
        reason_of_tls(f, out);
    else if (f->code == MQTTASYNC_FAILURE)
        snprintf(out, REASON_SIZE, "nothing answers there; check that the broker runs and listens");
    else
        snprintf(out, REASON_SIZE, "Paho gives code %d, %s", f->code,
                 f->message ? f->message : "without words");
}
