/*
 * table.c - fills the tables of all levels once.
 */
#include "kernels/table.h"

#include <pthread.h>

#define declare(topic, level)    void pf_fill_##topic##_##level(pf_##topic##_kernels *to);
#define declare_reference(topic) declare(topic, reference)
#define fill_reference(topic)    pf_fill_##topic##_reference(&table[pf_cpu_reference].topic);
pf_kernel_topics(declare_reference)
#if defined(__x86_64__)
#define declare_avx2(topic)   declare(topic, avx2)
#define declare_avx512(topic) declare(topic, avx512)
#define fill_avx2(topic)      pf_fill_##topic##_avx2(&table[pf_cpu_avx2].topic);
#define fill_avx512(topic)    pf_fill_##topic##_avx512(&table[pf_cpu_avx512].topic);
    pf_kernel_topics(declare_avx2) pf_kernel_topics(declare_avx512)
#elif defined(__aarch64__)
#define declare_neon(topic) declare(topic, neon)
#define fill_neon(topic)    pf_fill_##topic##_neon(&table[pf_cpu_neon].topic);
    pf_kernel_topics(declare_neon)
#endif

        static pf_kernels table[pf_cpu_levels];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void fill_tables(void) {
  pf_kernel_topics(fill_reference)
#if defined(__x86_64__)
      pf_kernel_topics(fill_avx2) pf_kernel_topics(fill_avx512)
#elif defined(__aarch64__)
      pf_kernel_topics(fill_neon)
#endif
}

const pf_kernels *pf_kernels_at(pf_cpu_level level) {
  pthread_once(&table_once, fill_tables);
  return pf_cpu_has(level) ? &table[level] : NULL;
}

const pf_kernels *pf_kernels_get(void) {
  return pf_kernels_at(pf_cpu_get());
}
