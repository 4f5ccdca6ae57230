/*
 * bench_peak - what this machine can do at most, measured: float32 multiply-adds in
 * registers through the widest vectors that the library has for it, and reading from
 * memory, by one thread and by all of the default pool.
 *
 * usage: bench_peak [MILLISECONDS [MIB]]
 *        prints the CPU level, then "THREADS GFLOP/S GB/S" for 1 and for all threads: the
 *        best of seven tries of MILLISECONDS (50), and of reading MIB (256) of memory
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cli/progress.h"
#include "common/must.h"
#include "peak_loop.h"

enum { tries = 7, most_threads = PFLOW_MAX_THREADS };

typedef struct machine {
  peak_loops loops;
  size_t threads, rounds, size; /* size: of the values to read */
  const float *values;
  float kept[most_threads]; /* results are stored so that no loop can be left out */
} machine;

static void choose_loops(peak_loops *to) {
  const char *level = pflow_cpu_level();
  peak_loops_reference(to);
#if defined(__x86_64__)
  if (strcmp(level, "avx2") == 0) peak_loops_avx2(to);
  if (strcmp(level, "avx512") == 0) peak_loops_avx512(to);
#elif defined(__aarch64__)
  if (strcmp(level, "neon") == 0) peak_loops_neon(to);
#endif
}

/* One item a thread. */
static int run_fma(size_t begin, size_t end, void *user) {
  machine *self = user;
  for (size_t i = begin; i < end; i++)
    self->kept[i] = self->loops.fma(self->rounds);
  return 0;
}

static int run_read(size_t begin, size_t end, void *user) {
  machine *self = user;
  size_t part = self->size / self->threads;
  for (size_t i = begin; i < end; i++)
    self->kept[i] = self->loops.read(self->values + i * part, part);
  return 0;
}

/* Least seconds of several tries: a peak is a best. */
static double least_seconds(machine *self, pflow_pool *pool, pflow_range_fn body) {
  double least = 1e30;
  for (size_t i = 0; i < tries; i++) {
    double started = now_seconds();
    must(pflow_parallel_for(pool, self->threads, 1, body, self));
    double seconds = now_seconds() - started;
    if (seconds < least) least = seconds;
  }
  return least;
}

static void measure(machine *self, size_t threads) {
  pflow_pool *pool;
  must(pflow_pool_create(&pool, threads));
  self->threads = threads;
  double fma = least_seconds(self, pool, run_fma);
  double read = least_seconds(self, pool, run_read);
  printf("%zu %.1f %.2f\n", threads,
         1e-9 * self->loops.flop * (double)self->rounds * (double)threads / fma,
         1e-9 * (double)(self->size / threads * threads * sizeof(float)) / read);
  pflow_pool_destroy(pool);
}

int main(int argc, char **argv) {
  static machine self = {.threads = 1, .rounds = 1000};
  size_t milliseconds = bench_argument(argc, argv, 1, 50);
  choose_loops(&self.loops);
  self.size = bench_argument(argc, argv, 2, 256) << 18;
  float *values = must_alloc(self.size, sizeof *values);
  for (size_t i = 0; i < self.size; i++)
    values[i] = (float)(i % 7);
  self.values = values;
  double thousand = least_seconds(&self, NULL, run_fma);
  self.rounds = (size_t)((double)milliseconds / thousand) + 1;
  puts(pflow_cpu_level());
  measure(&self, 1);
  if (pflow_pool_threads(NULL) > 1) measure(&self, pflow_pool_threads(NULL));
  must_flush();
  pflow_free(values);
  return 0;
}
