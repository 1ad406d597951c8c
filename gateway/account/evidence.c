/* The readings behind a window have no order that counts: they come as the network likes, and the same
 * readings must give the same evidence. So each amount that metering derived is hashed by itself, and the
 * hashes are added; taking an amount back subtracts what was added. Two windows with the same sum hold the same
 * amounts, but for one chance in 2^64; it is a check against mistakes and no seal against a forger, who is held
 * off by what the summary was sent over.
 *
 * An amount says when its readings were and how far apart they lay, and not what a register stood at:
 * where it stood cancels out of every figure. What the summary's journal range names are the frames themselves;
 * it only grows, also when something is taken back, since the frame that took it back bore on the window. */
#include "account/evidence.h"

#include "base/hash.h"

uint64_t evidence_point(struct slice site, struct slice device, struct slice point)
{
    return hash_bytes(point, hash_bytes(device, hash_bytes(site, 0)));
}

static uint8_t *put(uint8_t *at, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(v >> 8 * i);
    return at;
}

uint64_t evidence_of(uint64_t point, const struct amount *amount)
{
    uint8_t text[64], *end = text;
    end = put(end, (uint64_t)amount->start_us, 8);
    end = put(end, (uint64_t)amount->end_us, 8);
    end = put(end, (uint64_t)amount->ticks, 8);
    end = put(end, amount->part, 1);
    end = put(end, amount->flags, 2);
    end = put(end, amount->is_valid, 1);
    end = put(end, amount->is_unverified, 1);
    end = put(end, amount->shape, 1);
    end = put(end, (uint64_t)amount->ramp_from, 8);
    end = put(end, (uint64_t)amount->ramp_to, 8);
    return hash_bytes((struct slice){ text, (size_t)(end - text) }, point);
}

void evidence_add(struct evidence *e, uint64_t frame, uint64_t hash, int8_t sign)
{
    e->sum += sign < 0 ? 0 - hash : hash;
    if (frame == 0)
        return;
    if (e->first_frame == 0 || frame < e->first_frame)
        e->first_frame = frame;
    if (frame > e->last_frame)
        e->last_frame = frame;
}
