/* The clocks of the machine. Only the edges ask for them (journal, app, link): the middle is told the
 * time by the log book. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock_now {
    uint64_t boottime_us;   /* CLOCK_BOOTTIME: since the machine started, counts sleep, never jumps */
    int64_t wall_us;        /* CLOCK_REALTIME: UTC since 1970; may jump */
};

struct clock_now clock_read(void);

/* Whether the kernel holds the wall clock for synchronised (adjtimex) and it does not stand before
 * this program was built. Costs a system call. */
bool clock_is_synchronised(void);

/* The machine's boot id (16 bytes of /proc/sys/kernel/random/boot_id); zeros if there is none. */
void clock_boot_id(uint8_t out[16]);

/* Random bytes for epochs and identifiers. Aborts when the kernel has none. */
uint64_t clock_random_u64(void);

/* "2018-01-01T00:15:00.000Z", NUL-ended; and back (0, or 1 when malformed). A date alone is midnight. */
void time_print(int64_t unix_us, char out[32]);
int time_parse(const char *text, int64_t *out_unix_us);

#endif
