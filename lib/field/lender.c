/*
 * lender.c - slots that calls running at the same time take and give back.
 */
#include "field/lender.h"

void pf_lent_begin(pf_lent *lent) {
  pthread_mutex_init(&lent->lock, NULL);
}

void pf_lent_end(pf_lent *lent) {
  pthread_mutex_destroy(&lent->lock);
}

void *pf_lend(void *slots, size_t count, size_t size) {
  static _Thread_local size_t last;
  const size_t first = last % count;
  for (size_t i = 0; i < count; i++) {
    last = (first + i) % count;
    pf_lent *lent = (void *)((char *)slots + last * size);
    if (pthread_mutex_trylock(&lent->lock) == 0) return lent;
  }
  last = first;
  pf_lent *lent = (void *)((char *)slots + first * size);
  pthread_mutex_lock(&lent->lock);
  return lent;
}

void pf_lend_back(pf_lent *lent) {
  pthread_mutex_unlock(&lent->lock);
}
