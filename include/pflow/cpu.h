/*
 * pflow/cpu.h - which set of kernels the library runs on this processor.
 *
 * Hot loops exist once as plain C ("reference") and once for each level that the library
 * was built for: "avx2" (AVX2 and FMA) and "avx512" (AVX-512 F, BW, DQ, VL) on x86-64,
 * "neon" on 64-bit Arm. The highest level that the processor and the operating system
 * support is chosen at first use and stays for the life of the process. The environment
 * variable PFLOW_CPU asks for a lower one; a name that is unknown, or higher than the
 * machine's level, changes nothing, so pflow_cpu_level tells what came of it.
 *
 * Results have the same bits at one level for every number of threads; levels differ from
 * each other in the last digits.
 */
#ifndef PFLOW_CPU_H
#define PFLOW_CPU_H

#include "pflow/error.h"

PFLOW_BEGIN_DECLS

/* Name of the level in use; a string that lasts. Thread-safe. */
PFLOW_API const char *pflow_cpu_level(void);

PFLOW_END_DECLS

#endif
