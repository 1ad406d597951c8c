/* Closed windows leave the store when they are older than store.history. The loop says when: what late
 * amounts still find bears on the summaries, so a replay must forget at the same place, and the time stands
 * in an entry. Once at each start and hourly from then on; an hour's rows are little work for a commit. */
#include "app/inside.h"
#include "base/clock.h"

#define FORGET_EVERY_US (UINT64_C(3600) * 1000000)

void app_forget(struct app *a)
{
    struct clock_now now = clock_read();
    if (a->phase != APP_LIVE || a->rc < 0 ||
        (a->forgot_boot_us != 0 && now.boottime_us - a->forgot_boot_us < FORGET_EVERY_US))
        return;
    int rc = vault_say(a->vault, &(struct entry){
        .kind = FRAME_FORGET, .before_us = now.wall_us - a->conf->store.history_us });
    if (rc == VAULT_FULL)
        app_no_room(a);              /* the next look says it again */
    if (rc < 0)
        app_fail(a, rc);
    if (rc == 0)
        a->forgot_boot_us = now.boottime_us;
}
