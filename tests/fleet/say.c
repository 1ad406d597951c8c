/* Messages to the person. The fleet uses nothing of the gateway but the .proto file: what it
 * expects of a gateway must not be computed, nor reported, by the gateway's own code. */
#include "fleet/say.h"

#include <stdarg.h>
#include <stdio.h>

static void print_line(const char *format, va_list args)
{
    fputs("carbon-fleet: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int say_trouble(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(format, args);
    va_end(args);
    return -1;
}

void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(format, args);
    va_end(args);
}
