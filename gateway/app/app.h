/* The running gateway: owns one of everything, opened in the order of the data's flow and closed in
 * reverse, and lets the loop run. */
#ifndef APP_APP_H
#define APP_APP_H

#include "conf.h"

/* Runs until SIGTERM or SIGINT. Borrows the configuration, and reads it from its path again at a SIGHUP. 0 or
 * negative. */
int app_run(const struct conf *conf, const char *path);

#endif
