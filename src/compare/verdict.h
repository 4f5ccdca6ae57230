/*
 * verdict.h - which differences are more than chance, which method is the best in a
 * column, and what to do.
 */
#ifndef COMPARE_VERDICT_H
#define COMPARE_VERDICT_H

#include "compare/entrant.h"

enum { advice_size = 1200 };

/*
 * Sets difference (a paired bootstrap interval of 95 %) and clear of all entrants. A
 * difference is clear when the interval that is wide enough for all of them together
 * (Bonferroni: 1 - 0.05 / methods) has 0 on its outside, and its mean is not 0 in the
 * digits that are shown. Returns a status.
 */
int verdict_compare(roster *self, const arena *rows);

/* Whether an entrant is the best of a column, to the digits that are shown. */
bool verdict_is_best(const roster *self, size_t entrant, column which);

/*
 * One sentence: what to use for which of four ends, or to leave the features alone. For
 * each end the candidates are the methods clearly better than none; the first of the
 * list that is not behind the best of them beyond chance is named. Returns a status.
 */
int verdict_advise(const roster *self, const arena *rows, char advice[advice_size]);

#endif
