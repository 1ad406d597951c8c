/* A broker keeps one connection for a client id: who comes later throws the other out. Two gateways with
 * one id thus throw each other out for ever, and the session's messages go now here, now there.
 *
 * MQTT 5 says so, by reason 0x8E: that is sure. In MQTT 3.1.1 the connection simply ends, as it does
 * when a network is bad. What gives it away is that it ends soon after each connect, since the other one
 * comes back at once; so after TAKEN_AFTER short connections in a row it is said with a "perhaps". Once
 * it is on, both wait for long, and a connection counts as short up to twice the other's longest wait. */
#include "link/taken.h"

void taken_init(struct taken *t, int64_t backoff_most_us)
{
    int64_t calm_us = 2 * backoff_most_us;
    *t = (struct taken){ .calm_us = calm_us > TAKEN_SHORT_US ? calm_us : TAKEN_SHORT_US };
}

enum taken_sign taken_lost(struct taken *t, int64_t up_us, bool is_told, bool is_takeover)
{
    if (is_takeover) {
        t->is_on = true;
        return TAKEN_SURELY;
    }
    taken_ends(t, up_us);
    if (is_told || up_us >= (t->is_on ? t->calm_us : TAKEN_SHORT_US)) {
        t->n_short = 0;
        return TAKEN_NOT;
    }
    if (++t->n_short < TAKEN_AFTER)
        return TAKEN_NOT;
    t->is_on = true;
    return TAKEN_PERHAPS;
}

void taken_ends(struct taken *t, int64_t up_us)
{
    if (up_us < t->calm_us)
        return;
    t->is_on = false;
    t->n_short = 0;
}
