/*
 * portrait.h - pictures of the rows that one method made.
 */
#ifndef COMPARE_PORTRAIT_H
#define COMPARE_PORTRAIT_H

#include <stdio.h>

#include "compare/entrant.h"

/* Three figures: the plane, singular values, occurrences among neighbours. Returns a
 * status. */
int portrait_draw(FILE *out, const arena *rows, const entrant *of);

/* A figure of where some rows go as the strength of a Poisson map grows from 0 to 1;
 * *drawn says whether there is one. Returns a status. */
int portrait_ways(FILE *out, const arena *rows, const entrant *of, bool *drawn);

#endif
