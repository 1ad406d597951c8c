/* Overrides: amounts that a person has put in the place of whatever was, and will be, measured. */
#ifndef ACCOUNT_OVERRIDE_H
#define ACCOUNT_OVERRIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/state.h"

struct books;
struct spot;
struct window;

struct override {
    uint64_t order;          /* its id */
    int64_t from_us, until_us;
    struct spot **spots;     /* whose amounts stand aside */
    uint32_t n_spots, spots_room;
    bool is_dirty;
};

/* Whether an amount of a spot at an instant stands aside: by the order that is returned; 0: it counts. */
uint64_t override_at(const struct books *b, const struct spot *spot, int64_t at_us);

/* The companion of w where those amounts are kept: made when missing; NULL: there is none. */
struct window *override_book(struct window *w, uint64_t order);
struct window *override_find(const struct window *w, uint64_t order);

/* Whether a companion is one of these, and not of a lock. */
bool window_stands_aside(const struct window *companion);

void override_save(struct books *b, struct buffer *row, struct state_out *out);
int override_load(struct books *b, struct cursor *key, struct cursor *value);
void override_free(struct books *b);

#endif
