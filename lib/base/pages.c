#include "base/pages.h"

#include <errno.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

void pf_want_huge_pages(void *block, size_t size) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  const int before = errno;
  if (madvise(block, size, MADV_HUGEPAGE) != 0) errno = before;
#else
  (void)block;
  (void)size;
#endif
}
