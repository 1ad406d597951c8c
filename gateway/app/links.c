/* What goes wrong with the links, as alarms. The rooms have logged and counted it; here it begins and ends
 * in the table that the status tells. Nothing is logged twice: only the end has its line here. What shows that the
 * device broker loses messages also refutes the claim that it does not. */
#include "app/inside.h"
#include "base/clock.h"

/* The broker tells its count when it changed, and says nothing when it did not. */
#define DROPS_CALM_US UINT64_C(600000000)

static void hold(struct app *a, bool is_so, const char *id, const char *text)
{
    struct alarm_key key = { .id = id };
    if (is_so)
        alarms_raise(&a->alarms, key, clock_read().wall_us, text);
    else
        app_alarm_over(a, key);
}

static bool drops_lately(const struct ingest_figures *in)
{
    return in->dropped_boot_us > 0 && clock_read().boottime_us - in->dropped_boot_us < DROPS_CALM_US;
}

/* A session that was gone at the first connect of this run does not count here: with a new broker in the
 * configuration there was none. */
static void refute(struct app *a, const struct ingest_figures *in)
{
    if (in->dropped > a->dropped_seen)
        app_refute(a, "the running gateway saw the device broker's count of dropped messages rise");
    else if (in->sessions_lost_here > a->sessions_lost_seen)
        app_refute(a, "the device broker forgot the session of the running gateway");
    a->dropped_seen = in->dropped;
    a->sessions_lost_seen = in->sessions_lost_here;
}

static void watch_devices(struct app *a)
{
    struct ingest_figures in;

    ingest_figures(a->ingest, &in);
    hold(a, in.is_session_lost, "ingest.session_lost", "the device broker had forgotten our session at the "
         "last connect: what it took while we were away did not reach us; check its persistence and expiry "
         "limits");
    hold(a, drops_lately(&in), "ingest.broker_drops", "the device broker throws messages away that it has "
         "acknowledged to their senders; give it room (Mosquitto: max_queued_messages 0)");
    hold(a, in.link.is_taken_over, "ingest.taken_over", "another client seems to use our client id at the "
         "device broker, and to take our messages; give each gateway its own");
    hold(a, in.link.is_turned_away, "ingest.turned_away", "the device broker refuses to let us in; the "
         "link's last_error says why");
    refute(a, &in);
}

static void watch_upstream(struct app *a)
{
    struct publish_figures up;

    publish_figures(a->publish, &up);
    hold(a, up.link.is_taken_over, "publish.taken_over", "another client seems to use our client id at the "
         "upstream broker; give each gateway its own");
    hold(a, up.link.is_turned_away, "publish.turned_away", "the upstream broker refuses to let us in; "
         "summaries wait in the outbox; the link's last_error says why");
    hold(a, up.refused > 0, "publish.refused", "the upstream broker refuses some summaries; they stay in "
         "the outbox and are sent again; check its access list and quotas");
}

void app_watch_links(struct app *a)
{
    if (!a->ingest || !a->publish)
        return;
    watch_devices(a);
    watch_upstream(a);
}
