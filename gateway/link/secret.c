/* Credentials are read at every attempt to connect, so that a rotated password needs no restart,
 * and they are held no longer than the attempt. Files rather than options: what is in a file needs
 * no hiding from logs, status pages and canonical configurations, and systemd's credentials are
 * files. */
#include "link/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FILE_BYTES_MOST 65536

static const char *take_line(const char *text, size_t size, struct secret *out)
{
    const char *end = memchr(text, '\n', size);
    size_t n = end ? (size_t)(end - text) : size;
    if (n > 0 && text[n - 1] == '\r')
        n--;
    if (n == 0)
        return "its first line is empty";
    if (n >= SECRET_SIZE)
        return "its first line is too long";
    if (memchr(text, '\0', n))
        return "its first line holds a NUL";
    memcpy(out->at, text, n);
    out->at[n] = '\0';
    out->size = n;
    return NULL;
}

int secret_read(const char *path, struct secret *out, const char **why)
{
    char *text = NULL;
    size_t size = 0;
    int rc = file_read_all(path, FILE_BYTES_MOST, &text, &size);
    if (rc < 0) {
        *why = strerrordesc_np(-rc);
        return SECRET_UNREADABLE;
    }
    const char *mistake = take_line(text, size, out);
    explicit_bzero(text, size);
    free(text);
    if (!mistake)
        return 0;
    *why = mistake;
    return SECRET_UNREADABLE;
}

void secret_wipe(struct secret *s)
{
    explicit_bzero(s, sizeof *s);
}
