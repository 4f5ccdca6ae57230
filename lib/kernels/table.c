/*
 * table.c - fills the tables of all levels once.
 */
#include "kernels/table.h"

#include <pthread.h>

static pf_kernels table[pf_cpu_levels];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

#define declare(topic, level) void pf_fill_##topic##_##level(pf_##topic##_kernels *to);
#define fill(topic, level)    pf_fill_##topic##_##level(&table[pf_cpu_##level].topic);

/* The same for all topics of a level. */
#define declare_reference(topic) declare(topic, reference)
#define declare_neon(topic)      declare(topic, neon)
#define declare_avx2(topic)      declare(topic, avx2)
#define declare_avx512(topic)    declare(topic, avx512)
#define fill_reference(topic)    fill(topic, reference)
#define fill_neon(topic)         fill(topic, neon)
#define fill_avx2(topic)         fill(topic, avx2)
#define fill_avx512(topic)       fill(topic, avx512)

/* clang-format off */
pf_kernel_topics(declare_reference)
#if defined(__x86_64__)
pf_kernel_topics(declare_avx2)
pf_kernel_topics(declare_avx512)
#elif defined(__aarch64__)
pf_kernel_topics(declare_neon)
#endif

/* Code of a level that the processor lacks must not even fill a table: the compiler may
 * have used that level's instructions for it. */
static void fill_tables(void) {
  pf_kernel_topics(fill_reference)
#if defined(__x86_64__)
  if (pf_cpu_has(pf_cpu_avx2)) {
    pf_kernel_topics(fill_avx2)
  }
  if (pf_cpu_has(pf_cpu_avx512)) {
    pf_kernel_topics(fill_avx512)
  }
#elif defined(__aarch64__)
  pf_kernel_topics(fill_neon)
#endif
}
/* clang-format on */

const pf_kernels *pf_kernels_at(pf_cpu_level level) {
  pthread_once(&table_once, fill_tables);
  return pf_cpu_has(level) ? &table[level] : NULL;
}

const pf_kernels *pf_kernels_get(void) {
  return pf_kernels_at(pf_cpu_get());
}
