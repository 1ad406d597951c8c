/* Watching the room on the disk, and pausing in time. */
#include "app_private.h"
#include "base/file.h"
#include "base/log.h"

/* Pausing while the disk is nearly full: the broker keeps what we do not take. The reserve covers what
 * is still in flight when we disconnect. Going on wants a quarter more and room for a segment, or the
 * journal would only find again that it cannot grow. */
void app_watch_disk(struct app *a)
{
    uint64_t free_bytes;
    uint64_t reserve = (uint64_t)a->conf->journal.reserve_bytes;
    uint64_t enough = reserve + reserve / 4 + (uint64_t)a->conf->journal.segment_bytes;
    int rc = file_free_bytes(a->conf->state, &free_bytes);

    if (rc < 0 || a->phase != APP_LIVE)
        return;
    if (!a->is_paused && free_bytes < reserve) {
        a->is_paused = true;
        a->pauses++;
        log_line(LOG_ERROR, "ingest.paused", "free=%llu reserve=%llu – the disk of %s is nearly full; "
                 "disconnected, the device broker queues meanwhile; free space there",
                 (unsigned long long)free_bytes, (unsigned long long)reserve, a->conf->state);
        ingest_pause(a->ingest);
    } else if (a->is_paused && free_bytes > enough) {
        a->is_paused = false;
        log_line(LOG_INFO, "ingest.resumed", "free=%llu – there is room again",
                 (unsigned long long)free_bytes);
        ingest_start(a->ingest);
    }
}
