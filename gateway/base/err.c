/* Raising an error is one log line and a return value. The line carries the errno by name, because
 * that is what an operator searches for, and its text, because that is what an operator understands.
 * -1 stands for "no errno" throughout the gateway; a real EPERM is the same number and loses its text
 * here, which the caller's own sentence makes up for. */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

int err_raise(int rc, const char *format, ...)
{
    assert(rc < 0);

    char sentence[768];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);

    const char *name = rc == -1 ? NULL : strerrorname_np(-rc);
    if (name)
        log_line(LOG_ERROR, "error.raised", "errno=%s – %s (%s)", name, sentence,
                 strerrordesc_np(-rc));
    else
        log_line(LOG_ERROR, "error.raised", "– %s", sentence);
    return rc;
}
