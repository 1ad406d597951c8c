/* Alarms of the running gateway: a table on the loop (model/alarm.h), told with the status. What begins
 * or ends is logged here, once and under the alarm's id, so that log and status never disagree; a status
 * leaves at once, since a person should not wait for the next round. */
#include <stdarg.h>
#include <stdio.h>

#include "app/inside.h"
#include "base/clock.h"
#include "base/log.h"

#define TEXT_SIZE 512

static const char *or_dash(const char *name)
{
    return name && *name ? name : "-";
}

void app_alarm(struct app *a, struct alarm_key key, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    if (!alarms_raise(&a->alarms, key, clock_read().wall_us, text))
        return;
    log_line(LOG_ERROR, key.id, "site=%s device=%s point=%s – %s", or_dash(key.site),
             or_dash(key.device), or_dash(key.point), text);
    app_tell_status(a);
}

void app_alarm_over(struct app *a, struct alarm_key key)
{
    if (!alarms_clear(&a->alarms, key))
        return;
    log_line(LOG_INFO, key.id, "is=over – this alarm does not hold any more");
    app_tell_status(a);
}
