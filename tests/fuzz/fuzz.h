/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is one file here with LLVMFuzzerTestOneInput, which hands bytes to a parser,
 * uses what came of them, and aborts where something is left behind. libFuzzer drives it
 * in a build with -DPFLOW_FUZZ=ON (clang); run_corpus.c does in every other build, over
 * the seeds in corpus/NAME and damaged copies of them.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "pflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Writes a file into a folder of this process and returns its path, good until the next
 * call with the same name. The folder goes when the process ends. */
const char *fuzz_file(const char *name, const uint8_t *bytes, size_t size);

/* Values of an average in an archive. */
enum { fuzz_average = 4 };

/* A network that is trained in no time. */
pflow_denoiser_config fuzz_network(void);

/* Fits a small map with a learned field until its first report, whose checkpoint is then
 * at the path; goes on from the one that is there if `resume`. */
pflow_err fuzz_fit(const char *checkpoint, int resume);

/* Aborts unless rc is a success or an error with a sentence that has `part` in it. */
void fuzz_check(pflow_err rc, const char *part);

/* Says that the input went all the way that the target has. */
void fuzz_taken(void);

/* Whether that was said since the last call. */
int fuzz_was_taken(void);

/* Aborts if the library still holds a block; the end of every execution. */
void fuzz_end(void);

#endif
