/* Counters in one array, row 0 for what belongs to no known site. Nothing here can be wrong by itself;
 * the point is that receiving and judging are counted in different places and by different code, so
 * that a reading lost in between shows as an imbalance.
 *
 * A row in a snapshot: u8 format (1), u8 verdicts, u64 received, u64 per verdict, u64 reclassified.
 * The number of verdicts is written, so that a row from before a verdict existed still reads. */
#include "model/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROW_FORMAT 1

void ledger_fit(struct ledger *l, size_t sites)
{
    size_t n = sites + 1;
    if (n <= l->n)
        return;
    struct ledger_row *rows = reallocarray(l->rows, n, sizeof *rows);
    if (!rows)
        abort();
    memset(rows + l->n, 0, (n - l->n) * sizeof *rows);
    l->rows = rows;
    l->n = n;
}

void ledger_fini(struct ledger *l)
{
    free(l->rows);
    *l = (struct ledger){ 0 };
}

static struct ledger_row *row_of(struct ledger *l, int32_t site)
{
    assert(site >= -1 && (size_t)(site + 1) < l->n);
    l->is_dirty = true;
    return &l->rows[site + 1];
}

void ledger_received(struct ledger *l, int32_t site, uint64_t n)
{
    row_of(l, site)->received += n;
}

void ledger_count(struct ledger *l, int32_t site, enum verdict v)
{
    row_of(l, site)->by_verdict[v]++;
}

void ledger_move(struct ledger *l, int32_t site, enum verdict from, enum verdict to)
{
    struct ledger_row *row = row_of(l, site);
    assert(from != to && row->by_verdict[from] > 0);
    row->by_verdict[from]--;
    row->by_verdict[to]++;
    row->reclassified++;
}

uint64_t ledger_judged(const struct ledger_row *row)
{
    uint64_t judged = 0;
    for (int v = 0; v < VERDICT_COUNT; v++)
        judged += row->by_verdict[v];
    return judged;
}

bool ledger_balances(const struct ledger *l, int32_t *out_site)
{
    const struct ledger_messages *m = &l->messages;
    int32_t wrong = m->journalled == m->decoded + m->undecodable ? INT32_MAX : -2;

    for (size_t i = 0; i < l->n && wrong == INT32_MAX; i++)
        if (l->rows[i].received != ledger_judged(&l->rows[i]))
            wrong = (int32_t)i - 1;

    if (wrong == INT32_MAX)
        return true;
    if (out_site)
        *out_site = wrong;
    return false;
}

uint64_t ledger_rejected(const struct ledger_row *row)
{
    uint64_t rejected = 0;
    for (int v = 0; v < VERDICT_COUNT; v++)
        if (verdict_is_rejected((enum verdict)v))
            rejected += row->by_verdict[v];
    return rejected;
}

void ledger_row_write(const struct ledger_row *row, struct buffer *out)
{
    buffer_put_u8(out, ROW_FORMAT);
    buffer_put_u8(out, VERDICT_COUNT);
    buffer_put_u64(out, row->received);
    for (int v = 0; v < VERDICT_COUNT; v++)
        buffer_put_u64(out, row->by_verdict[v]);
    buffer_put_u64(out, row->reclassified);
}

int ledger_row_read(struct slice s, struct ledger_row *out)
{
    struct cursor c = cursor_of(s);
    uint8_t format = cursor_u8(&c), verdicts = cursor_u8(&c);
    if (format != ROW_FORMAT || verdicts > VERDICT_COUNT)
        return 1;

    struct ledger_row row = { .received = cursor_u64(&c) };
    for (int v = 0; v < verdicts; v++)
        row.by_verdict[v] = cursor_u64(&c);
    row.reclassified = cursor_u64(&c);
    if (c.has_failed || c.at != c.end)
        return 1;
    *out = row;
    return 0;
}
