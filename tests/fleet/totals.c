/* The reckoning. It follows the contract of the gateway by the shortest way there is, with none of
 * the gateway's code, and knows more than a gateway can: the readings in the order in which they
 * were measured. A register's amount is the difference to the reading before it that was sent;
 * between two boot ids it is 0 (a reset without a declared initial value); the first reading is a
 * base and adds nothing. An interval reading's amount is its value. A device with a wrong clock
 * adds nothing at all.
 *
 * Sums are kept in ticks and become micro-units of the base unit when printed: all points share one
 * unit, and the factor is a whole number, so nothing is rounded. */
#include "fleet/totals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/options.h"
#include "fleet/roster.h"
#include "fleet/say.h"
#include "fleet/source.h"
#include "fleet/stamp.h"

#define WINDOWS_MOST 4000000 /* over all sites: 32 bytes each */

struct tally_point {
    int64_t last_ms, last_ticks;
    uint64_t last_boot; /* 0: no reading yet */
};

int totals_open(const struct roster *roster, const struct source *source, struct totals *out)
{
    int64_t window_ms = conf_window_ms(roster->conf);
    int64_t last_ms = source_stamp_ms(source, source->steps - 1);
    int64_t origin_ms = roster->start_ms / window_ms * window_ms;
    size_t n_windows = (size_t)((last_ms - origin_ms) / window_ms + 1);
    if (n_windows > WINDOWS_MOST / roster->sites)
        return say_trouble("%zu windows for each of %" PRIu32
                           " sites are too many to keep (at most %d in "
                           "all): choose a longer --window, or fewer sites or readings",
                           n_windows, roster->sites, WINDOWS_MOST);

    *out = (struct totals){
        .roster = roster, .window_ms = window_ms, .origin_ms = origin_ms, .n_windows = n_windows
    };
    out->sites = calloc(roster->sites, sizeof(*out->sites));
    out->points = calloc((size_t)roster->devices * roster->points, sizeof(*out->points));
    if (out->sites == NULL || out->points == NULL)
        abort();
    for (uint32_t s = 0; s < roster->sites; s++) {
        out->sites[s].windows = calloc(n_windows, sizeof(struct window));
        if (out->sites[s].windows == NULL)
            abort();
    }
    return 0;
}

void totals_close(struct totals *t)
{
    for (uint32_t s = 0; t->sites != NULL && s < t->roster->sites; s++)
        free(t->sites[s].windows);
    free(t->sites);
    free(t->points);
    memset(t, 0, sizeof(*t));
}

static struct site_totals *site_of(struct totals *t, uint32_t device)
{
    return &t->sites[device / t->roster->devices_per_site];
}

/* The part of `ticks` over [start, end) that lies before `at`. */
static int64_t part_until(int64_t ticks, int64_t start_ms, int64_t end_ms, int64_t at_ms)
{
    if (at_ms >= end_ms)
        return ticks;
    return (int64_t)((int128)ticks * (at_ms - start_ms) / (end_ms - start_ms));
}

void totals_add_amount(struct totals *t, uint32_t site, int64_t start_ms, int64_t end_ms,
                       int64_t ticks)
{
    struct site_totals *s = &t->sites[site];
    s->ticks += ticks;
    int64_t from_ms = start_ms, given = 0;
    while (from_ms < end_ms) {
        size_t window = (size_t)((from_ms - t->origin_ms) / t->window_ms);
        int64_t edge_ms = t->origin_ms + (int64_t)(window + 1) * t->window_ms;
        int64_t until = part_until(ticks, start_ms, end_ms, edge_ms);
        s->windows[window].ticks += until - given;
        s->windows[window].is_touched = true;
        given = until;
        from_ms = edge_ms;
    }
}

static void add_register(struct totals *t, const struct reading *r, uint32_t site)
{
    struct tally_point *p = &t->points[(size_t)r->device * t->roster->points + r->point];
    if (p->last_boot != 0)
        totals_add_amount(t, site, p->last_ms, r->true_ms,
                          p->last_boot == r->boot ? r->ticks - p->last_ticks : 0);
    *p = (struct tally_point){ r->true_ms, r->ticks, r->boot };
}

void totals_add(struct totals *t, const struct reading *r)
{
    uint32_t site = r->device / t->roster->devices_per_site;
    t->sites[site].distinct++;
    if (roster_clock(t->roster, r->device) != DEVICE_CLOCK_RIGHT)
        t->sites[site].bad_time++;
    else if (r->kind == KIND_REGISTER)
        add_register(t, r, site);
    else if (r->kind == KIND_INTERVAL)
        totals_add_amount(t, site, r->true_ms - r->interval_ms, r->true_ms, r->ticks);
}

void totals_add_duplicate(struct totals *t, const struct reading *r)
{
    struct site_totals *s = site_of(t, r->device);
    s->duplicates++;
    if (roster_clock(t->roster, r->device) != DEVICE_CLOCK_RIGHT) {
        s->bad_time++;
        s->duplicates_bad_time++;
    }
}

void totals_add_lost(struct totals *t, uint32_t device)
{
    site_of(t, device)->lost++;
}

void totals_add_restart(struct totals *t, uint32_t device)
{
    site_of(t, device)->restarts++;
}

/* Decimal text of an amount that is not negative. */
static void print_micro(const struct totals *t, int128 ticks, FILE *out)
{
    int128 v = ticks * conf_unit(t->roster->conf)->per_unit;
    char text[48], *at = text + sizeof(text) - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v > 0);
    fputs(at, out);
}

static void print_windows(const struct totals *t, const struct site_totals *s, FILE *out)
{
    bool is_first = true;
    for (size_t w = 0; w < t->n_windows; w++) {
        if (!s->windows[w].is_touched)
            continue;
        int64_t start_ms = t->origin_ms + (int64_t)w * t->window_ms;
        char start[32];
        stamp_print(start_ms, start);
        fprintf(out,
                "%s\n    {\"start_unix_ms\":%" PRId64 ",\"start\":\"%s\",\"activity_micro\":\"",
                is_first ? "" : ",", start_ms, start);
        print_micro(t, s->windows[w].ticks, out);
        fputs("\"}", out);
        is_first = false;
    }
}

static void print_site(const struct totals *t, uint32_t site, FILE *out)
{
    const struct site_totals *s = &t->sites[site];
    char name[ROSTER_NAME];
    roster_site_name(t->roster, site, name);
    fprintf(out,
            "\n  {\"site\":\"%s\",\"sent\":%" PRIu64 ",\"acknowledged\":%" PRIu64
            ",\"resent\":%" PRIu64 ",\"distinct\":%" PRIu64 ",\"duplicates_sent\":%" PRIu64
            ",\"lost\":%" PRIu64 ",\"device_restarts\":%" PRIu64
            ",\n   \"expected\":{\"counted\":%" PRIu64 ",\"duplicate\":%" PRIu64
            ",\"late\":0,\"rejected\":{\"bad_time\":%" PRIu64 "}},\n",
            name, s->sent, s->acknowledged, s->resent, s->distinct, s->duplicates, s->lost,
            s->restarts, s->distinct + s->duplicates_bad_time - s->bad_time,
            s->duplicates - s->duplicates_bad_time, s->bad_time);
    fputs("   \"activity_micro\":\"", out);
    print_micro(t, s->ticks, out);
    fputs("\",\"windows\":[", out);
    print_windows(t, s, out);
    fputs("]}", out);
}

void totals_print(const struct totals *t, bool is_complete, FILE *out)
{
    const struct fleet_unit *unit = conf_unit(t->roster->conf);
    fprintf(out,
            "{\"complete\":%s,\"unit\":\"%s\",\"base_unit\":\"%s\",\"window_ms\":%" PRId64
            ",\"sites\":[",
            is_complete ? "true" : "false", unit->name, unit->base, t->window_ms);
    for (uint32_t site = 0; site < t->roster->sites; site++) {
        if (site > 0)
            fputc(',', out);
        print_site(t, site, out);
    }
    fputs("\n]}\n", out);
}
