/*
 * cpu.h - levels of instruction sets, and the one in use.
 */
#ifndef LIBPFLOW_CPU_H
#define LIBPFLOW_CPU_H

#include <stdbool.h>

#include "pflow/cpu.h"

/* In rising order; a processor that has one has all those of its family below it. */
typedef enum pf_cpu_level {
  pf_cpu_reference = 0,
  pf_cpu_neon = 1,
  pf_cpu_avx2 = 2,
  pf_cpu_avx512 = 3,
  pf_cpu_levels = 4
} pf_cpu_level;

const char *pf_cpu_name(pf_cpu_level level);

/* Whether this processor and this build of the library have a level. */
bool pf_cpu_has(pf_cpu_level level);

/* The level in use: the highest one, or a lower one that PFLOW_CPU names. */
pf_cpu_level pf_cpu_get(void);

#endif
