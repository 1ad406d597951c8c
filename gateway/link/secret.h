/* A secret: a user name or a password, as it stands in the first line of a file. */
#ifndef LINK_SECRET_H
#define LINK_SECRET_H

#include <stddef.h>

#define SECRET_SIZE 4096

/* Memory belongs to the caller; a zeroed struct is an empty secret. */
struct secret {
    char at[SECRET_SIZE];        /* a NUL behind it */
    size_t size;
};

#define SECRET_UNREADABLE 1

/* Reads the file's first line, without its end (LF or CR LF). SECRET_UNREADABLE: *why tells in
 * words: the file cannot be read, or the line is empty, too long, or holds a NUL. */
int secret_read(const char *path, struct secret *out, const char **why);

/* Overwrites it. */
void secret_wipe(struct secret *s);

#endif
