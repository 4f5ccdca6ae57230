/*
 * lender.h - slots that calls running at the same time take and give back.
 */
#ifndef LIBPFLOW_LENDER_H
#define LIBPFLOW_LENDER_H

#include <pthread.h>

#include "base/base.h"

/*
 * What a slot's struct begins with. It puts the slot on cache lines of its own: there is
 * no lock but the slots', so that a thread that keeps to its slot meets no other.
 */
typedef struct pf_lent {
  _Alignas(PFLOW_ALIGNMENT) pthread_mutex_t lock;
} pf_lent;

void pf_lent_begin(pf_lent *lent);
void pf_lent_end(pf_lent *lent);

/*
 * Takes a free one of `count` slots of `size` bytes each, the thread's last one if it can
 * be had; waits for that one when all are taken.
 */
void *pf_lend(void *slots, size_t count, size_t size);
void pf_lend_back(pf_lent *lent);

#endif
