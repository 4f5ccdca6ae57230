/*
 * run_corpus.c - a main for a fuzz target without libFuzzer.
 *
 *   run_corpus FOLDER [ROUNDS]     each seed, and ROUNDS damaged copies of it (2000)
 *
 * A seed that its parser refuses would be no start for damage: it fails, unless its name
 * begins with "refused". So does an input of these few KiB for which a parser asks for a
 * block of 64 MiB, or works for a minute (libFuzzer has options for both).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

enum { largest = 1 << 20, most_block = 64 << 20, most_seconds = 60 };

static void *allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  void *block;
  if (size > most_block) {
    fprintf(stderr, "a block of %zu bytes was asked for\n", size);
    abort();
  }
  return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void release(void *block, size_t size, void *user) {
  (void)size, (void)user;
  free(block);
}

static void run(const uint8_t *bytes, size_t size) {
  alarm(most_seconds);
  LLVMFuzzerTestOneInput(bytes, size);
  alarm(0);
}

typedef struct input {
  uint8_t bytes[largest];
  size_t size;
} input;

static int read_input(input *to, const char *folder, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (file) to->size = fread(to->bytes, 1, sizeof to->bytes, file);
  const int whole = file && !ferror(file) && feof(file);
  if (file) fclose(file);
  if (!whole) fprintf(stderr, "%s cannot be read, or is larger than 1 MiB\n", path);
  return whole;
}

static int run_whole(const input *seed, const char *name) {
  fuzz_was_taken();
  run(seed->bytes, seed->size);
  const int meant = strncmp(name, "refused", 7) != 0;
  if (fuzz_was_taken() == meant) return 1;
  fprintf(stderr, "the seed %s is %s\n", name, meant ? "refused" : "not refused");
  return 0;
}

/* A bit, a byte, a digit, a cut, or a piece copied to another place. */
static void damage(input *to, pflow_rng *rng) {
  if (to->size == 0) return;
  const size_t at = pflow_rng_below(rng, to->size), left = to->size - at;
  switch (pflow_rng_below(rng, 5)) {
  case 0:
    to->bytes[at] ^= (uint8_t)(1u << pflow_rng_below(rng, 8));
    break;
  case 1:
    to->bytes[at] = (uint8_t)pflow_rng_below(rng, 256);
    break;
  case 2:
    for (size_t i = at; i < to->size; i++)
      if (to->bytes[i] >= '0' && to->bytes[i] <= '9') {
        to->bytes[i] = (uint8_t)('0' + pflow_rng_below(rng, 10));
        break;
      }
    break;
  case 3:
    to->size = at;
    break;
  default: {
    const size_t from = pflow_rng_below(rng, to->size);
    const size_t rest = to->size - from, most = rest < left ? rest : left;
    memmove(to->bytes + at, to->bytes + from, 1 + pflow_rng_below(rng, most));
  }
  }
}

static void run_damaged(const input *seed, size_t rounds, pflow_rng *rng) {
  static input damaged;
  for (size_t i = 0; i < rounds; i++) {
    memcpy(damaged.bytes, seed->bytes, seed->size);
    damaged.size = seed->size;
    for (size_t n = 1 + pflow_rng_below(rng, 4); n > 0; n--)
      damage(&damaged, rng);
    /* A block of its own, so that a sanitizer sees its end. */
    uint8_t *copy = malloc(damaged.size + 1);
    if (!copy) abort();
    memcpy(copy, damaged.bytes, damaged.size);
    run(copy, damaged.size);
    free(copy);
  }
}

int main(int argc, char **argv) {
  static input seed;
  struct dirent **names = NULL;
  const size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000;
  const int count = argc > 1 ? scandir(argv[1], &names, NULL, alphasort) : -1;
  FILE *out = fdopen(dup(STDOUT_FILENO), "w"); /* a target may close its own */
  size_t seeds = 0, bad = 0;
  pflow_rng rng;
  pflow_rng_init(&rng, 1, 0);
  if (pflow_set_allocator(&(pflow_allocator){allocate, release, NULL}) < 0) return 1;
  for (int i = 0; i < count; i++) {
    const char *name = names[i]->d_name;
    if (name[0] != '.') {
      if (!read_input(&seed, argv[1], name) || !run_whole(&seed, name)) bad++;
      run_damaged(&seed, rounds, &rng);
      seeds++;
    }
    free(names[i]);
  }
  free(names);
  if (!out ||
      fprintf(out, "%zu seeds, %zu executions\n", seeds, seeds * (rounds + 1)) < 0 ||
      fclose(out) != 0)
    return 1;
  return seeds > 0 && bad == 0 ? 0 : 1;
}
