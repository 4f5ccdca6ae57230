#include "nn/arena.h"

#include <stdlib.h>
#include <string.h>

/* Larger ones first; in the order of the array where they are alike. */
static int compare(const void *a, const void *b) {
  const pf_life *x = *(pf_life *const *)a, *y = *(pf_life *const *)b;
  if (x->floats != y->floats) return x->floats > y->floats ? -1 : 1;
  return x < y ? -1 : x > y;
}

static bool meet(const pf_life *a, const pf_life *b) {
  return a->first <= b->last && b->first <= a->last;
}

/* The lowest gap that takes a life among `count` placed ones, which come by offset. */
static size_t find_gap(const pf_life *life, pf_life *const *placed, size_t count) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    const pf_life *other = placed[i];
    if (!meet(life, other)) continue;
    if (other->offset >= at && other->offset - at >= life->floats) break;
    const size_t end = other->offset + other->floats;
    if (at < end) at = end;
  }
  return at;
}

static void insert(pf_life *life, pf_life **placed, size_t count) {
  size_t i = count;
  for (; i > 0 && placed[i - 1]->offset > life->offset; i--)
    placed[i] = placed[i - 1];
  placed[i] = life;
}

static pflow_err place(pf_life **order, pf_life **placed, size_t count, size_t *total) {
  for (size_t i = 0; i < count; i++) {
    size_t end;
    order[i]->offset = find_gap(order[i], placed, i);
    pf_try(pf_add(&end, order[i]->offset, order[i]->floats, "a workspace"));
    if (*total < end) *total = end;
    insert(order[i], placed, i);
  }
  return PFLOW_OK;
}

pflow_err pf_arena_place(pf_life *life, size_t count, size_t *total) {
  pf_life **order;
  *total = 0;
  pf_try(pf_alloc(&order, count, 2 * sizeof *order));
  for (size_t i = 0; i < count; i++)
    order[i] = &life[i];
  qsort(order, count, sizeof *order, compare);
  pflow_err rc = place(order, order + count, count, total);
  pflow_free(order);
  return rc;
}
