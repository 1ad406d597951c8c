/* What one option alone cannot know: which of them fit together. */
#ifndef FLEET_OPTIONS_CHECK_H
#define FLEET_OPTIONS_CHECK_H

#include <stdio.h>

struct conf;

/* 0, or -1 after a line on err that says what was expected. Fills in what depends on other options.
 */
int options_check(struct conf *conf, FILE *err);

#endif
