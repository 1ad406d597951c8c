/* The ordinal of the newest epoch, in a file of its own. It must rise even when the store and the log
 * book are both gone: consumers hold the higher ordinal for the truth. */
#ifndef VAULT_EPOCH_H
#define VAULT_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

/* 0 when there is no such file; one that cannot be read is told, and 0. is_owed: the next run is to begin
 * a new one, since another gateway may go on in this one. Negative only for a file of a newer format. */
int epoch_recall(const char *path, uint32_t *out, bool *is_owed);

/* Before the GENESIS of that epoch is said. 0 or negative. */
int epoch_remember(const char *path, uint32_t ordinal);

/* Owes an epoch behind that one, until the next epoch_remember. 0 or negative. */
int epoch_owe(const char *path, uint32_t ordinal);

#endif
