/* A path is walked as text, name by name. Preparing it would save a strcspn beside a hash lookup. */
#include "path.h"

#include <string.h>

/* What stands between the names, with the path moved behind a slash in front. */
static const char *separator_of(const char **path)
{
    if (**path != '/')
        return ".";
    (*path)++;
    return "/";
}

bool path_is_sound(const char *path)
{
    if (*path == '\0')
        return true;
    const char *separator = separator_of(&path);
    for (;;) {
        size_t n = strcspn(path, separator);
        if (n == 0)
            return false;
        if (path[n] == '\0')
            return true;
        path += n + 1;
    }
}

/* "0", "17"; no more digits than any array here has. */
static json_t *element_of(const json_t *array, const char *name, size_t n)
{
    size_t index = 0;
    if (n > 6 || (n > 1 && name[0] == '0'))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (name[i] < '0' || name[i] > '9')
            return NULL;
        index = 10 * index + (size_t)(name[i] - '0');
    }
    return json_array_get(array, index);
}

json_t *path_find(json_t *from, const char *path)
{
    const char *separator = separator_of(&path);
    while (from && *path != '\0') {
        size_t n = strcspn(path, separator);
        if (json_is_array(from))
            from = element_of(from, path, n);
        else
            from = json_object_getn(from, path, n);
        path += n;
        path += *path != '\0';
    }
    return json_is_null(from) ? NULL : from;
}
