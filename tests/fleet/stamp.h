/* Time stamps: UTC milliseconds since 1970, to text and back, and the two clocks. */
#ifndef FLEET_STAMP_H
#define FLEET_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* "2024-03-01T00:00:00Z" or "2024-03-01"; from 2000 to 2199. */
bool stamp_parse(const char *text, int64_t *out_ms);

/* "2024-03-01T00:00:00Z", with ".250" behind the seconds when there are any. */
void stamp_print(int64_t ms, char out[32]);

/* Local text of a form for strptime(3) whose clock is ahead of UTC by offset_ms. False when the
 * text does not fit the form to its end. */
bool stamp_parse_local(const char *text, const char *format, int64_t offset_ms, int64_t *out_ms,
                       bool *is_midnight);

int64_t stamp_wall_ms(void);
int64_t stamp_steady_ms(void); /* since some moment; never jumps */

#endif
