/* The watermark of a site: up to when its devices have, in all likelihood, told everything.
 *
 * It is the least of the devices' newest times. Left out are devices that are idle (nothing heard for
 * idle_us of gateway time, or ever) and those more than max_lag behind the site's newest time: their
 * backlog arrives as revisions. If nobody is left, it is the newest time plus the gateway time that
 * passed since that was heard. It never goes back, so one absurd stamp must not move it: watermark.c says
 * which stamps wait to be confirmed. */
#ifndef ACCOUNT_WATERMARK_H
#define ACCOUNT_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_UNKNOWN INT64_MIN
#define TIME_NEVER   INT64_MAX

/* What a device has said about time. */
struct device_clock {
    int64_t newest_us; /* newest event time; TIME_UNKNOWN: never spoke */
    int64_t heard_us;  /* elapsed gateway time when it last spoke; TIME_UNKNOWN: never */
    int64_t leap_us;   /* the latest stamp that waits to be confirmed; TIME_UNKNOWN: none waits */
    int64_t leap_at_us; /* elapsed time since when it says so */
    int64_t idle_us;   /* of the plan */
    bool is_counted;   /* took part in the least at the last look */
    bool is_unheard;   /* said nothing new since a hole began */
    bool is_awaited;   /* and its silence holds that open */
    bool is_dirty;     /* since the last save */
};

/* The least of the counted devices and who holds it. */
struct least {
    int64_t time_us; /* TIME_UNKNOWN: nobody is counted */
    size_t holders;
    int64_t until_us; /* elapsed time at which the first holder falls idle; or TIME_NEVER */
};

struct watermark {
    struct device_clock **clocks; /* of the plan's devices, in its order; borrowed */
    size_t n;
    int64_t max_lag_us;
    int64_t newest_us;    /* TIME_UNKNOWN: nothing seen */
    int64_t newest_at_us; /* elapsed time when that was heard */
    int64_t reached_us;   /* as far as it had come when a device last spoke */
    struct least least;
    bool is_stale; /* least must be looked for again */
};

void watermark_init(struct watermark *w);

/* Holds on to where it stands, before devices or their limits change. */
void watermark_keep(struct watermark *w, int64_t elapsed_us);
void watermark_configure(struct watermark *w, struct device_clock **clocks, size_t n,
                         int64_t max_lag_us);

/* A device that never spoke. */
void device_clock_init(struct device_clock *clock);

/* One of the devices spoke about time_us, a stamp that is not ahead of the wall clock (is_checked) or may
 * be, while nobody knows whether that clock is right. elapsed_us never goes back. false: the stamp waits to be confirmed and moved no clock. */
bool watermark_seen(struct watermark *w, struct device_clock *clock, int64_t time_us,
                    int64_t elapsed_us, bool is_checked);

/* Where it stands; TIME_UNKNOWN when nothing was seen. A function of what was seen and of elapsed_us,
 * however often it is asked. */
int64_t watermark_at(const struct watermark *w, int64_t elapsed_us);

/* An elapsed time before which it cannot reach time_us unless a device speaks; TIME_NEVER. */
int64_t watermark_reaches(const struct watermark *w, int64_t time_us, int64_t elapsed_us);

/* Nothing heard for its idle_us, or ever. */
bool device_is_idle(const struct device_clock *clock, int64_t elapsed_us);

/* Devices that are idle or never spoke. */
uint32_t watermark_silent(const struct watermark *w, int64_t elapsed_us);

/* a + b, held at the ends of the range; b >= 0. TIME_UNKNOWN and TIME_NEVER stay what they are. */
int64_t time_after(int64_t a_us, int64_t b_us);

#endif
