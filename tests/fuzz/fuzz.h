/* What the fuzzers share: libFuzzer's two entries, silence, and the check that holds in any build. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Mistakes are what a fuzzer is about; telling them on standard error would be most of its time. */
void fuzz_be_silent(void);

/* A directory of this process's own, in memory where the machine has such a place; the fuzzer's
 * program removes it when it ends. */
const char *fuzz_directory(void);

/* Removes the files in a directory, not the directory. */
void fuzz_empty(const char *directory);

/* A broken promise: tells which, and ends the run as a crash. */
#define fuzz_promise(holds, what) ((holds) ? (void)0 : fuzz_broken(what, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *what, const char *file, int line);

#endif
