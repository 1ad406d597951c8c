/* carbon-gateway: one row per command. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/crash.h"
#include "base/zone.h"
#include "command/command.h"
#include "model/order.h"

/* For the crash tests, which try them all. */
static int list_crash_points(void)
{
    const char *const *names = crash_points();
    if (!names) {
        fputs("carbon-gateway version: this build has no crash points; set it up with "
              "-Dc_args=-DCARBON_TEST_BUILD\n", stderr);
        return EXIT_WRONG;
    }
    for (; *names; names++)
        puts(*names);
    return EXIT_DONE;
}

static int command_version(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "--crash-points") == 0)
        return list_crash_points();
    if (argc > 0)
        return command_unknown("version", argv[0]);
    printf("carbon-gateway %s (tzdata %s)\n", CARBON_VERSION, zone_rules_version());
    return EXIT_DONE;
}

struct command {
    const char *name;
    int (*call)(int argc, char **argv);
    const char *about, *help;
};

static const struct command commands[] = {
    { "run", command_run, "run the gateway",
      "carbon-gateway run --config FILE\n"
      "\n"
      "Runs in the foreground until SIGTERM or SIGINT; logs to standard error. Whatever way it ends,\n"
      "the next start goes on where it was. A second signal ends it at once. SIGHUP reads the configuration\n"
      "again: a wrong one is told and the old one stays.\n" },
    { "check", command_check, "check a configuration without running it",
      "carbon-gateway check --config FILE [--canonical] [--connect [--within 60s]]\n"
      "carbon-gateway check --reference\n"
      "\n"
      "Tells every mistake with file, line and column, what was expected and the nearest right name.\n"
      "  --canonical   print the part that enters the log book, in its canonical form\n"
      "  --reference   print every option with its type, preset, bounds and meaning\n"
      "  --connect     connect to both brokers, tell what they grant, and prove that the device broker\n"
      "                queues without loss for a session that is away: 1,500 small messages, under a\n"
      "                topic and client ids of their own; a running gateway is not disturbed. The result\n"
      "                is kept in the state directory, and the status tells it\n"
      "  --within TIME how long that may take (60s)\n"
      "Exit status: 0 the configuration is right, 2 it is not; with --connect 1 if a broker refused, or\n"
      "drops, or it could not be told.\n" },
    { "replay", command_replay, "compute summaries again from what was written down",
      "carbon-gateway replay --logbook DIR --intake DIR --state NEWDIR [--close]\n"
      "carbon-gateway replay --config FILE --messages FILE --state NEWDIR [--close]\n"
      "\n"
      "Follows the log book of a run over its intake journal, or takes a file of messages under a\n"
      "configuration, in a new and empty state directory. Connects to nothing. Prints the summaries\n"
      "in the order of their sequence, one JSON object a line.\n"
      "  --logbook DIR   the log book of a run (STATE/logbook); the gateway need not be stopped\n"
      "  --intake DIR    its intake journal (STATE/intake)\n"
      "  --base FILE     begin at this base instead of at the beginning; without it a log book that does\n"
      "                  not reach back to its beginning is followed from the oldest base beside it\n"
      "  --messages FILE records of u32 topic size, topic, u32 payload size, payload (little-endian),\n"
      "                  as carbon-fleet --write makes them\n"
      "  --plugins DIR   where plugins are\n"
      "  --close         at the end close every open window\n"
      "  --raw FILE      also write the exact payloads: u32 size, bytes, each\n" },
    { "backup", command_backup, "copy the state, of a running gateway or for moving it",
      "carbon-gateway backup --config FILE --to DIR [--hand-over]\n"
      "\n"
      "Copies store, log book, intake, bases, archive, the list of poison and the epoch into a new\n"
      "directory, with a manifest that holds a checksum of each file; all of one moment, and the gateway\n"
      "may run meanwhile. Left out: what was set aside (….damaged), and what check --connect proved.\n"
      "Configuration and secrets are yours to copy.\n"
      "  --to DIR       absent or empty; as large as the state directory\n"
      "  --hand-over    for moving to another box: wants the gateway stopped, and marks its state so\n"
      "                 that it does not run there again. Restored, it goes on in the same epoch\n"
      "Exit status: 0 the backup is whole, 1 there is none, 2 wrong arguments.\n" },
    { "restore", command_restore, "make a state directory of a backup",
      "carbon-gateway restore --from DIR --config FILE\n"
      "\n"
      "Checks every file of the backup against its manifest, and writes the state directory that the\n"
      "configuration names, which must be absent or empty. Run it as the user that the gateway runs as.\n"
      "A hand-over goes on where it was. A backup of a running gateway, and a hand-over that is restored\n"
      "for the second time, begin a new epoch: for a window that both published, the higher one wins.\n"
      "Never run the old box beside it: two gateways under one id throw each other out at the broker.\n"
      "Exit status: 0 restored, 1 not, 2 wrong arguments.\n" },
    { "verify", command_verify, "hold journals, archive and store against each other",
      "carbon-gateway verify (--config FILE | --state DIR [--plugins DIR])\n"
      "\n"
      "Changes nothing, and a gateway may run on the state meanwhile. Checks every frame of every segment,\n"
      "every archived file, every base, the store's integrity and rules, and that they fit each other;\n"
      "then computes state and summaries again from the oldest base that the journals reach, or from the\n"
      "beginning, and compares them with the store byte by byte. One line for each part and each fault:\n"
      "what, where, and what to do. Damage that was told before is told again while its segment is kept.\n"
      "Takes as long as a replay, and twice the store's room in TMPDIR.\n"
      "  --plugins DIR  where plugins are, with --state\n"
      "Exit status: 0 everything fits, 1 something does not or could not be checked, 2 wrong arguments.\n" },
    { "why", command_why, "show what stands behind a published number",
      "carbon-gateway why SUMMARY-ID (--config FILE | --state DIR [--plugins DIR]) [--json]\n"
      "\n"
      "Follows the log book again up to the entry that brought the summary about, from the readings in\n"
      "journal and archive and the factors in the log book's own configurations, and says whether that\n"
      "gives what was published, byte by byte. Prints the tree: totals, streams, activity x factor with\n"
      "version, source and validity, points, readings with their place in the journal and their verdict,\n"
      "amounts, orders of people. Where the archive does not reach back it says: beyond archive. Changes\n"
      "nothing; a gateway may run on the state, and a restored copy will do. Takes as long as a replay.\n"
      "  --json         the tree as one JSON object, the whole summary in it\n"
      "  --plugins DIR  where plugins are, with --state\n"
      "Exit status: 0 told, and what could be computed is equal; 1 it is not, or there is no such summary; 2\n"
      "wrong arguments.\n" },
    { "orders", command_orders, "list what people ordered, and what became of it",
      "carbon-gateway orders --state DIR\n"
      "\n"
      "Every order that the log book of this state holds, the oldest first: number, time, verb, who and\n"
      "why, what was ordered, and the outcome. The gateway may run meanwhile.\n" },
    { "decode", command_decode, "print protobuf payloads as JSON",
      "carbon-gateway decode reading|batch|summary|status|rejected [FILE]\n"
      "\n"
      "Reads one payload from FILE or standard input and prints it as JSON. With mosquitto_sub:\n"
      "  mosquitto_sub -t 'carbon/v1/+/summary/hour' -C 1 -N | carbon-gateway decode summary\n" },
    { "version", command_version, "print the version",
      "carbon-gateway version [--crash-points]\n"
      "\n"
      "Prints the version of the program and of the machine's time zone rules.\n"
      "  --crash-points  in a test build: the names that CARBON_CRASH_AT takes\n" },
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static int usage(FILE *to, int status)
{
    fputs("carbon-gateway: from the plant's meters to the carbon books\n\nCommands:\n", to);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].about);
    fputs("\nOrders to the gateway that runs on a state directory, each with --state, --who and --why:\n", to);
    for (int verb = 1; verb < ORDER_VERB_COUNT; verb++)
        if (order_verb_row(verb))
            fprintf(to, "  %-10s %s\n", order_verb_row(verb)->name, order_verb_row(verb)->help);
    fputs("\ncarbon-gateway COMMAND --help tells more.\n", to);
    return status;
}

static int call(const struct command *c, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(c->help, stdout);
            return EXIT_DONE;
        }
    }
    return c->call(argc, argv);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);        /* a peer that goes away is the link's affair */
    if (crash_mistake()) {
        fprintf(stderr, "carbon-gateway: %s\n", crash_mistake());
        return EXIT_WRONG;
    }
    if (argc < 2)
        return usage(stderr, EXIT_WRONG);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout, EXIT_DONE);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return call(&commands[i], argc - 2, argv + 2);
    }
    if (order_verb_of(argv[1]))
        return command_order(argv[1], argc - 2, argv + 2);
    fprintf(stderr, "carbon-gateway: there is no command \"%s\"\n\n", argv[1]);
    return usage(stderr, EXIT_WRONG);
}
