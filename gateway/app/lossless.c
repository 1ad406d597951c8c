/* Whether the status may say "lossless": as STATE/lossless has it (lossless_record.h), and never more. */
#include "app/inside.h"
#include "base/clock.h"
#include "base/log.h"

void app_read_lossless(struct app *a)
{
    arena_reset(&a->lossless_texts);
    lossless_read(a->conf, &a->lossless_texts, &a->lossless);
}

void app_refute(struct app *a, const char *why)
{
    if (a->lossless.claim != LOSSLESS_REFUTED)
        log_line(LOG_WARN, "lossless.refuted", "– %s; the status does not say lossless any more. Mend the "
                 "broker, then try it with carbon-gateway check --connect", why);
    /* A record that cannot be written is told there; the claim is gone all the same. */
    lossless_write(a->conf, &(struct lossless_record){
        .claim = LOSSLESS_REFUTED, .at_us = clock_read().wall_us, .why = why });
    arena_reset(&a->lossless_texts);
    a->lossless = (struct lossless_record){
        .claim = LOSSLESS_REFUTED,
        .at_us = clock_read().wall_us,
        .why = arena_text(&a->lossless_texts, slice_of(why)),
    };
    app_tell_status(a);
}
