/*
 * lender.c - a few things that calls running at the same time take and give back.
 */
#include "field/lender.h"

void pf_lender_begin(pf_lender *lender, void **thing, size_t count) {
  pthread_mutex_init(&lender->lock, NULL);
  pthread_cond_init(&lender->freed, NULL);
  lender->thing = thing;
  lender->idle = count;
}

void pf_lender_end(pf_lender *lender) {
  pthread_cond_destroy(&lender->freed);
  pthread_mutex_destroy(&lender->lock);
}

void *pf_lender_take(pf_lender *lender) {
  pthread_mutex_lock(&lender->lock);
  while (lender->idle == 0)
    pthread_cond_wait(&lender->freed, &lender->lock);
  void *thing = lender->thing[--lender->idle];
  pthread_mutex_unlock(&lender->lock);
  return thing;
}

void pf_lender_give(pf_lender *lender, void *thing) {
  pthread_mutex_lock(&lender->lock);
  lender->thing[lender->idle++] = thing;
  pthread_cond_signal(&lender->freed);
  pthread_mutex_unlock(&lender->lock);
}
