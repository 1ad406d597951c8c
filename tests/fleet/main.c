/* carbon-fleet: plays a fleet of metering devices. Everything is opened here in the order in which
 * readings flow (source, roster, totals, plan, sink), pumped, and closed in reverse. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fleet/options.h"
#include "fleet/plan.h"
#include "fleet/pump.h"
#include "fleet/roster.h"
#include "fleet/say.h"
#include "fleet/sink.h"
#include "fleet/source.h"
#include "fleet/totals.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_TROUBLE = 2 };

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int write_totals(const struct conf *conf, const struct totals *totals, bool is_complete)
{
    if (conf->totals == NULL)
        return 0;
    bool is_standard = strcmp(conf->totals, "-") == 0;
    FILE *file = is_standard ? stdout : fopen(conf->totals, "w");
    if (file == NULL)
        return say_trouble("%s: %s", conf->totals, strerror(errno));
    totals_print(totals, is_complete, file);
    int rc = is_standard ? fflush(file) : fclose(file);
    return rc == 0 ? 0 : say_trouble("%s: cannot write: %s", conf->totals, strerror(errno));
}

/* The totals are written even when the run breaks off, and say that they are not complete then. */
static int send_all(const struct conf *conf, struct plan *plan, struct totals *totals)
{
    struct sink *sink = NULL;
    int rc = conf->write != NULL ? sink_file_open(conf->write, &sink) : sink_mqtt_open(conf, &sink);
    if (rc < 0)
        return EXIT_TROUBLE;
    rc = pump_run(conf, plan, totals, sink, &stop);
    if (sink->close(sink) < 0)
        rc = -1;
    if (write_totals(conf, totals, rc == 0) < 0)
        rc = -1;
    return rc == 0 ? EXIT_DONE : EXIT_TROUBLE;
}

static int play(const struct conf *conf, const struct source *source, const struct roster *roster)
{
    if (conf->describe) {
        roster_describe(roster, source, stdout);
        return EXIT_DONE;
    }
    struct totals totals = { 0 };
    struct plan *plan = NULL;
    int status = EXIT_TROUBLE;
    if (totals_open(roster, source, &totals) == 0 &&
        plan_open(conf, source, roster, &totals, &plan) == 0)
        status = send_all(conf, plan, &totals);
    plan_close(plan);
    totals_close(&totals);
    return status;
}

int main(int argc, char **argv)
{
    struct conf conf;
    int rc = options_parse(argc, argv, &conf, stdout, stderr);
    if (rc != 0)
        return rc < 0 ? EXIT_USAGE : EXIT_DONE;
    catch_signals();

    struct source source;
    if (source_open(&conf, &source) < 0)
        return EXIT_TROUBLE;
    struct roster roster;
    roster_open(&conf, &source, &roster);
    int status = play(&conf, &source, &roster);
    roster_close(&roster);
    source_close(&source);
    return status;
}
