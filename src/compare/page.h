/*
 * page.h - a comparison as one HTML page that needs nothing else: no script, no network.
 */
#ifndef COMPARE_PAGE_H
#define COMPARE_PAGE_H

#include "compare/tell.h"

/* Writes the page, whole or not at all. Entrants must have kept their maps and rows.
 * Returns a status. */
int page_write(const comparison *self, const char *path);

#endif
