#include "nn/arena.h"

#include <stdlib.h>

/* In the order of the array where they are alike. */
static int by_place(const pf_life *x, const pf_life *y) {
  return x < y ? -1 : x > y;
}

/* Larger ones first. */
static int by_size(const void *a, const void *b) {
  const pf_life *x = *(pf_life *const *)a, *y = *(pf_life *const *)b;
  if (x->floats != y->floats) return x->floats > y->floats ? -1 : 1;
  return by_place(x, y);
}

/* Longer ones first, and then larger ones. */
static int by_length(const void *a, const void *b) {
  const pf_life *x = *(pf_life *const *)a, *y = *(pf_life *const *)b;
  const size_t x_length = x->last - x->first, y_length = y->last - y->first;
  if (x_length != y_length) return x_length > y_length ? -1 : 1;
  return by_size(a, b);
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

/* Room for both lists of one placement. */
typedef struct lists {
  pf_life **order, **placed;
} lists;

static pflow_err place(pf_life *life, size_t count, const lists *l,
                       int (*compare)(const void *, const void *), size_t *total) {
  *total = 0;
  for (size_t i = 0; i < count; i++)
    l->order[i] = &life[i];
  qsort(l->order, count, sizeof *l->order, compare);
  for (size_t i = 0; i < count; i++) {
    pf_life *next = l->order[i];
    size_t end;
    next->offset = find_gap(next, l->placed, i);
    pf_try(pf_add(&end, next->offset, next->floats, "a workspace"));
    if (*total < end) *total = end;
    insert(next, l->placed, i);
  }
  return PFLOW_OK;
}

static pflow_err place_best(pf_life *life, size_t count, const lists *l, size_t *total) {
  size_t other;
  pf_try(place(life, count, l, by_length, &other));
  pf_try(place(life, count, l, by_size, total));
  return other < *total ? place(life, count, l, by_length, total) : PFLOW_OK;
}

pflow_err pf_arena_place(pf_life *life, size_t count, size_t *total) {
  pf_life **lists_block;
  *total = 0;
  pf_try(pf_alloc(&lists_block, count, 2 * sizeof *lists_block));
  const lists l = {lists_block, lists_block + count};
  pflow_err rc = place_best(life, count, &l, total);
  pflow_free(lists_block);
  return rc;
}
