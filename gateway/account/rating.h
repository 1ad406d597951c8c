/* Rating: by which rate an amount is multiplied. */
#ifndef ACCOUNT_RATING_H
#define ACCOUNT_RATING_H

#include <stdint.h>

#include "account/books.h"

/* What holds for a lane at an instant, by the present plan; narrows [from, to), which holds the instant, to
 * where it holds. A lane that is not imported, and a stream that the plan no longer has, have rates too. */
struct rate *rating_at(struct account *a, const struct lane *lane, int64_t at_us, int64_t *from_us,
                       int64_t *to_us);

/* What the plan has for the imports of a stream at an instant, apart from any grid intensity. */
struct rate *rating_by_plan(struct account *a, int32_t stream, int64_t at_us);

#endif
