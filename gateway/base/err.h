/* Errors: how a call says that the program cannot do its job.
 *
 * Every call ends in one of three ways. 0: done. Negative: the program cannot do its job; raised once
 * where it happens, which logs it, and forwarded unchanged up to main. Positive: an outcome that the
 * header promises, dealt with by the caller there and then. Bad input is neither: it is a verdict. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* Logs an error line from the format and returns rc, which is negative (a negated errno, or -1).
 * Use: return err_raise(-errno, "journal %s: cannot extend – free space or move it", path); */
int err_raise(int rc, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
