/* What the fleet has to say to the person who started it: one line on standard error. */
#ifndef FLEET_SAY_H
#define FLEET_SAY_H

/* Prints "carbon-fleet: …" and returns -1, so that `return say_trouble(…)` reads as what it is. */
int say_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same without being trouble: a connection came back, somebody pressed Ctrl-C. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
