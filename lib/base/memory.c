/*
 * memory.c - aligned, zeroed, counted blocks from a replaceable allocator.
 *
 * Each block is preceded by one alignment unit that remembers its size, so that release
 * can be told what allocate was asked for.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/pages.h"

/* Big blocks begin at a large page. */
static void *system_allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  const bool big = size >= pf_huge_least;
  void *block;
  if (posix_memalign(&block, big ? pf_huge_page : alignment, size) != 0) return NULL;
  if (big) pf_want_huge_pages(block, size);
  return block;
}

static void system_release(void *block, size_t size, void *user) {
  (void)size;
  (void)user;
  free(block);
}

static const pflow_allocator system_allocator = {system_allocate, system_release, NULL};
static pflow_allocator current = {system_allocate, system_release, NULL};
static atomic_size_t live_blocks;

pflow_err pflow_set_allocator(const pflow_allocator *allocator) {
  size_t live = atomic_load(&live_blocks);
  if (live > 0)
    return pf_fail(PFLOW_EBUSY, "pflow_set_allocator: %zu blocks are allocated", live);
  if (!allocator) {
    current = system_allocator;
    return PFLOW_OK;
  }
  pf_need(allocator->allocate);
  pf_need(allocator->release);
  current = *allocator;
  return PFLOW_OK;
}

/* *total = count * size and the unit in front. */
static pflow_err block_size(size_t *total, size_t count, size_t size) {
  if (__builtin_mul_overflow(count, size, total) ||
      __builtin_add_overflow(*total, (size_t)PFLOW_ALIGNMENT, total))
    return pf_fail(PFLOW_EOVERFLOW, "a block of %zu x %zu bytes overflows", count, size);
  return PFLOW_OK;
}

pflow_err pf_alloc(void *out, size_t count, size_t size) {
  char *block = NULL;
  memcpy(out, &block, sizeof block);
  size_t total;
  pf_try(block_size(&total, count, size));
  block = current.allocate(total, PFLOW_ALIGNMENT, current.user);
  if (!block) return pf_fail(PFLOW_ENOMEM, "no memory for %zu bytes", count * size);
  memset(block, 0, total);
  memcpy(block, &total, sizeof total);
  atomic_fetch_add(&live_blocks, 1);
  block += PFLOW_ALIGNMENT;
  memcpy(out, &block, sizeof block);
  return PFLOW_OK;
}

void *pflow_alloc(size_t count, size_t size) {
  void *block;
  return pf_alloc(&block, count, size) == PFLOW_OK ? block : NULL;
}

void pflow_free(void *block) {
  if (!block) return;
  char *base = (char *)block - PFLOW_ALIGNMENT;
  size_t total;
  memcpy(&total, base, sizeof total);
  atomic_fetch_sub(&live_blocks, 1);
  current.release(base, total, current.user);
}

size_t pflow_live_blocks(void) {
  return atomic_load(&live_blocks);
}
