/*
 * cpu.c - asks the processor once which levels it has.
 */
#include "base/cpu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[pf_cpu_levels] = {"reference", "neon", "avx2", "avx512"};

static pf_cpu_level chosen;
static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;

const char *pf_cpu_name(pf_cpu_level level) {
  return names[level];
}

bool pf_cpu_has(pf_cpu_level level) {
  switch (level) {
  case pf_cpu_reference:
    return true;
#if defined(__aarch64__)
  case pf_cpu_neon:
    return true; /* part of the architecture */
#elif defined(__x86_64__)
  case pf_cpu_avx2:
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  case pf_cpu_avx512:
    return pf_cpu_has(pf_cpu_avx2) && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#endif
  default:
    return false;
  }
}

static void choose(void) {
  const char *asked = getenv("PFLOW_CPU");
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  for (pf_cpu_level level = pf_cpu_reference; level < pf_cpu_levels; level++) {
    if (!pf_cpu_has(level)) continue;
    chosen = level;
    if (asked && strcmp(asked, names[level]) == 0) return;
  }
}

pf_cpu_level pf_cpu_get(void) {
  pthread_once(&chosen_once, choose);
  return chosen;
}

const char *pflow_cpu_level(void) {
  return pf_cpu_name(pf_cpu_get());
}
