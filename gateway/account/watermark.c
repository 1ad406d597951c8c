/* The least is kept together with how many devices hold it and when the first of these falls idle.
 * While the elapsed time is before that moment and a holder remains, nothing can have moved it, so a
 * reading costs a few comparisons; otherwise the devices are looked through once. Devices that hold
 * nothing may have fallen idle or come back unnoticed meanwhile: the least cannot rise by that, and that it
 * falls does not matter, since the watermark never does.
 *
 * Between two readings the set of counted devices only shrinks, so the value only grows, and asking in
 * between changes nothing: a gateway that was restarted and asks at other moments gets the same.
 *
 * Stamps from the future are rejected where readings are judged, but only against a clock that is right.
 * On a box that boots in 1970 all are from the future, and one absurd stamp would take the whole site
 * along: the others would be "behind", and what they say late for ever after, since the watermark never
 * goes back. So a stamp ahead of such a clock that leads the site by more than max_lag beyond what gateway
 * time allows since its newest, or that would be its first, is a leap: it is accounted like any other, but
 * the device's clock stays where it was, until
 * - another active device is there too, within max_lag (a box that was off for hours finds all its devices
 *   ahead: the first one leaps, the second confirms), or
 * - no other active device has a clock that says otherwise and this one has said so for max_lag of gateway
 *   time: whoever is alone has the only clock there is, and its windows must close too, or
 * - a stamp of it is checked: the clock became right.
 * A device that returns to the site's time takes its leap back. So while one device is right, another one
 * can be wrong by years in either direction and harm only itself. Below max_lag nobody is left behind, so
 * smaller steps need no confirmation. */
#include "account/watermark.h"

int64_t time_after(int64_t a_us, int64_t b_us)
{
    int64_t sum;
    if (a_us == TIME_UNKNOWN)
        return a_us;
    return __builtin_add_overflow(a_us, b_us, &sum) ? TIME_NEVER : sum;
}

static int64_t later(int64_t a_us, int64_t b_us)
{
    return a_us > b_us ? a_us : b_us;
}

void device_clock_init(struct device_clock *clock)
{
    *clock = (struct device_clock){ .newest_us = TIME_UNKNOWN,
                                    .heard_us = TIME_UNKNOWN,
                                    .leap_us = TIME_UNKNOWN };
}

void watermark_init(struct watermark *w)
{
    *w = (struct watermark){ .newest_us = TIME_UNKNOWN,
                             .newest_at_us = TIME_UNKNOWN,
                             .reached_us = TIME_UNKNOWN,
                             .is_stale = true };
}

static int64_t idle_at(const struct device_clock *clock)
{
    return time_after(clock->heard_us, clock->idle_us);
}

bool device_is_idle(const struct device_clock *clock, int64_t elapsed_us)
{
    return clock->heard_us == TIME_UNKNOWN || elapsed_us >= idle_at(clock);
}

static bool is_behind(const struct watermark *w, int64_t time_us)
{
    return time_after(time_us, w->max_lag_us) < w->newest_us;
}

static bool takes_part(const struct watermark *w, const struct device_clock *clock,
                       int64_t elapsed_us)
{
    return clock->newest_us != TIME_UNKNOWN && !device_is_idle(clock, elapsed_us) &&
           !is_behind(w, clock->newest_us);
}

static struct least find_least(const struct watermark *w, int64_t elapsed_us)
{
    struct least least = { .time_us = TIME_UNKNOWN, .until_us = TIME_NEVER };
    for (size_t i = 0; i < w->n; i++) {
        const struct device_clock *clock = w->clocks[i];
        if (!takes_part(w, clock, elapsed_us))
            continue;
        if (least.holders == 0 || clock->newest_us < least.time_us)
            least = (struct least){ .time_us = clock->newest_us, .until_us = TIME_NEVER };
        if (clock->newest_us == least.time_us) {
            int64_t until_us = idle_at(clock);
            least.holders++;
            least.until_us = until_us < least.until_us ? until_us : least.until_us;
        }
    }
    return least;
}

static struct least least_at(const struct watermark *w, int64_t elapsed_us)
{
    bool holds = !w->is_stale && elapsed_us < w->least.until_us;
    return holds ? w->least : find_least(w, elapsed_us);
}

int64_t watermark_at(const struct watermark *w, int64_t elapsed_us)
{
    if (w->newest_us == TIME_UNKNOWN)
        return w->reached_us;
    struct least least = least_at(w, elapsed_us);
    int64_t time_us = least.time_us;
    if (least.holders == 0)
        time_us = time_after(w->newest_us, later(0, elapsed_us - w->newest_at_us));
    return later(w->reached_us, time_us);
}

static void look_again(struct watermark *w, int64_t elapsed_us)
{
    for (size_t i = 0; i < w->n; i++)
        w->clocks[i]->is_counted = takes_part(w, w->clocks[i], elapsed_us);
    w->least = find_least(w, elapsed_us);
    w->is_stale = false;
}

void watermark_keep(struct watermark *w, int64_t elapsed_us)
{
    w->reached_us = watermark_at(w, elapsed_us);
}

void watermark_configure(struct watermark *w, struct device_clock **clocks, size_t n,
                         int64_t max_lag_us)
{
    w->clocks = clocks;
    w->n = n;
    w->max_lag_us = max_lag_us;
    w->is_stale = true;
}

/* Takes the new time into the device's clock and the site's newest. */
static void move_clock(struct watermark *w, struct device_clock *clock, int64_t time_us,
                       int64_t elapsed_us)
{
    clock->heard_us = elapsed_us;
    clock->newest_us = later(clock->newest_us, time_us);
    clock->is_dirty = true;
    if (time_us > w->newest_us) {
        w->newest_us = time_us;
        w->newest_at_us = elapsed_us;
    }
}

/* --- leaps --- */

static bool is_near(const struct watermark *w, int64_t a_us, int64_t b_us)
{
    return a_us != TIME_UNKNOWN && b_us != TIME_UNKNOWN &&
           time_after(a_us, w->max_lag_us) >= b_us && time_after(b_us, w->max_lag_us) >= a_us;
}

static bool is_leap(const struct watermark *w, int64_t time_us, int64_t elapsed_us)
{
    if (w->newest_us == TIME_UNKNOWN)
        return true;
    int64_t now_us = time_after(w->newest_us, later(0, elapsed_us - w->newest_at_us));
    return time_us > time_after(now_us, w->max_lag_us);
}

/* The device says so again, or for the first time. */
static void note_leap(const struct watermark *w, struct device_clock *clock, int64_t time_us,
                      int64_t elapsed_us)
{
    int64_t expected_us = clock->leap_us;
    if (clock->heard_us != TIME_UNKNOWN)
        expected_us = time_after(expected_us, later(0, elapsed_us - clock->heard_us));
    if (!is_near(w, expected_us, time_us))
        clock->leap_at_us = elapsed_us;
    clock->leap_us = time_us;
}

static bool is_confirmed(const struct watermark *w, const struct device_clock *clock,
                         int64_t elapsed_us)
{
    bool is_alone = true;
    for (size_t i = 0; i < w->n; i++) {
        const struct device_clock *other = w->clocks[i];
        if (other == clock || device_is_idle(other, elapsed_us))
            continue;
        if (is_near(w, other->newest_us, clock->leap_us) ||
            is_near(w, other->leap_us, clock->leap_us))
            return true;
        is_alone &= other->newest_us == TIME_UNKNOWN;
    }
    return is_alone && elapsed_us - clock->leap_at_us >= w->max_lag_us;
}

/* Whether a stamp may move the device's clock. */
static bool may_move(struct watermark *w, struct device_clock *clock, int64_t time_us,
                     int64_t elapsed_us, bool is_checked)
{
    if (!is_checked && is_leap(w, time_us, elapsed_us)) {
        note_leap(w, clock, time_us, elapsed_us);
        if (!is_confirmed(w, clock, elapsed_us))
            return false;
    }
    clock->leap_us = TIME_UNKNOWN;
    return true;
}

/* --- readings --- */

bool watermark_seen(struct watermark *w, struct device_clock *clock, int64_t time_us,
                    int64_t elapsed_us, bool is_checked)
{
    watermark_keep(w, elapsed_us);
    bool moves = may_move(w, clock, time_us, elapsed_us, is_checked);
    if (!moves)
        time_us = clock->newest_us;
    if (w->is_stale || elapsed_us >= w->least.until_us)
        look_again(w, elapsed_us);

    bool held = clock->is_counted && clock->newest_us == w->least.time_us;
    move_clock(w, clock, time_us, elapsed_us);
    if (held && clock->newest_us > w->least.time_us)
        w->least.holders--;

    if (w->least.holders == 0 || is_behind(w, w->least.time_us))
        look_again(w, elapsed_us);
    watermark_keep(w, elapsed_us);
    return moves;
}

int64_t watermark_reaches(const struct watermark *w, int64_t time_us, int64_t elapsed_us)
{
    if (w->newest_us == TIME_UNKNOWN)
        return TIME_NEVER;
    if (watermark_at(w, elapsed_us) >= time_us)
        return elapsed_us;
    struct least least = least_at(w, elapsed_us);
    if (least.holders)
        return least.until_us;
    int64_t missing_us;
    if (__builtin_sub_overflow(time_us, w->newest_us, &missing_us))
        return TIME_NEVER;
    return time_after(w->newest_at_us, later(0, missing_us));
}

uint32_t watermark_silent(const struct watermark *w, int64_t elapsed_us)
{
    uint32_t silent = 0;
    for (size_t i = 0; i < w->n; i++)
        silent += device_is_idle(w->clocks[i], elapsed_us);
    return silent;
}
