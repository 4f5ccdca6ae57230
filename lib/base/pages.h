/*
 * pages.h - where big blocks lie, and how the system may map them.
 */
#ifndef LIBPFLOW_PAGES_H
#define LIBPFLOW_PAGES_H

#include <stddef.h>

enum {
  pf_huge_page = 2 << 20, /* bytes of a large page of x86-64 and aarch64 Linux */
  pf_huge_least = 4 << 20 /* a block from here on is worth its own */
};

/*
 * Tells the system that a block of at least pf_huge_least bytes, aligned to pf_huge_page,
 * had better be mapped by large pages (Linux; nothing elsewhere). A hint: nothing but
 * speed depends on it, and a system that does not want it may say no. errno is kept.
 */
void pf_want_huge_pages(void *block, size_t size);

#endif
