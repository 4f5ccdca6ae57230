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

static void *system_allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  void *block;
  return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void system_release(void *block, size_t size, void *user) {
  (void)size;
  (void)user;
  free(block);
}

static const pflow_allocator pf_system = {system_allocate, system_release, NULL};
static pflow_allocator pf_current = {system_allocate, system_release, NULL};
static atomic_size_t pf_live;

pflow_err pflow_set_allocator(const pflow_allocator *allocator) {
  size_t live = atomic_load(&pf_live);
  if (live > 0)
    return pf_fail(PFLOW_EBUSY, "pflow_set_allocator: %zu blocks are allocated", live);
  if (!allocator) {
    pf_current = pf_system;
    return PFLOW_OK;
  }
  pf_need(allocator->allocate);
  pf_need(allocator->release);
  pf_current = *allocator;
  return PFLOW_OK;
}

void *pflow_alloc(size_t count, size_t size) {
  size_t bytes, total;
  if (__builtin_mul_overflow(count, size, &bytes) ||
      __builtin_add_overflow(bytes, (size_t)PFLOW_ALIGNMENT, &total)) {
    pf_message_format("a block of %zu x %zu bytes overflows", count, size);
    return NULL;
  }
  char *base = pf_current.allocate(total, PFLOW_ALIGNMENT, pf_current.user);
  if (!base) {
    pf_message_format("no memory for %zu bytes", bytes);
    return NULL;
  }
  memset(base, 0, total);
  memcpy(base, &total, sizeof total);
  atomic_fetch_add(&pf_live, 1);
  return base + PFLOW_ALIGNMENT;
}

void pflow_free(void *block) {
  if (!block) return;
  char *base = (char *)block - PFLOW_ALIGNMENT;
  size_t total;
  memcpy(&total, base, sizeof total);
  atomic_fetch_sub(&pf_live, 1);
  pf_current.release(base, total, pf_current.user);
}

size_t pflow_live_blocks(void) {
  return atomic_load(&pf_live);
}

pflow_err pf_alloc(void *out, size_t count, size_t size) {
  size_t bytes;
  void *block = pflow_alloc(count, size);
  memcpy(out, &block, sizeof block);
  if (block) return PFLOW_OK;
  return __builtin_mul_overflow(count, size, &bytes) ? PFLOW_EOVERFLOW : PFLOW_ENOMEM;
}
