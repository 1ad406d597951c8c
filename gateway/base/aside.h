/* Setting aside: what cannot be used gets another name and is never deleted. */
#ifndef BASE_ASIDE_H
#define BASE_ASIDE_H

/* The first of PATH.damaged-1, -2, … that is free, with any ending a file of that name may have. The
 * caller frees it. */
char *aside_name(const char *path);

/* Renames a file or a directory to that name, and gives it; the caller frees it. 0 or a negated errno. */
int aside_put(const char *path, char **out);

#endif
