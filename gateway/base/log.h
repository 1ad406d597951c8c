/* The log: one line per event for the operator, on standard error.
 *
 * Form: `level id key=value… – sentence`. The id (`ingest.lost`) is stable and greppable. Lines never
 * carry a secret, nor a payload above debug. A line whose id repeats within a minute more than
 * LOG_REPEATS times is folded: the next minute's first line says how many were not shown. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

#define LOG_REPEATS 10

/* Lines below the level are not written. The level is the program's one global. Any thread. */
void log_set_level(enum log_level least);

/* Returns 0, or 1 when the text names no level ("debug", "info", "warn", "error"). */
int log_level_parse(const char *text, enum log_level *out);

/* Writes one line; the format gives what stands behind the id. Any thread. */
void log_line(enum log_level level, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
