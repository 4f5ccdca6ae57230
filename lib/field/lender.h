/*
 * lender.h - a few things that calls running at the same time take and give back.
 */
#ifndef LIBPFLOW_LENDER_H
#define LIBPFLOW_LENDER_H

#include <pthread.h>

#include "base/base.h"

typedef struct pf_lender {
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t freed;
  size_t idle; /* the first so many */
  void **thing;
} pf_lender;

/* Lends the `count` things of an array that the caller keeps, and that end may find in
 * another order. */
void pf_lender_begin(pf_lender *lender, void **thing, size_t count);
void pf_lender_end(pf_lender *lender);

/* Takes one, waiting for one if need be, and gives it back. */
void *pf_lender_take(pf_lender *lender);
void pf_lender_give(pf_lender *lender, void *thing);

#endif
