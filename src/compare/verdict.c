#include "compare/verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/say.h"
#include "compare/cells.h"

/* What features are used for, and the column that tells how well. */
static const struct {
  column which;
  const char *end;
} uses[] = {
    {col_linear, "a linear probe"},
    {col_knn, "votes of nearest neighbours"},
    {col_shot_5, "five labels a class"},
    {col_bit, "search by 1-bit codes"},
};

enum { use_count = sizeof uses / sizeof *uses };

/* Mean of a - b with its interval; level 1 - 0.05 / comparisons. */
static int interval(const arena *rows, const double *a, const double *b,
                    size_t comparisons, pflow_interval *difference) {
  pflow_resample_config config;
  pflow_resample_config_init(&config);
  config.level = 1.0 - 0.05 / (double)comparisons;
  config.resamples = comparisons > 1 ? 4000 : 2000; /* farther out there are fewer */
  config.seed = rows->seed;
  config.pool = rows->pool;
  try_library(pflow_bootstrap_paired(a, b, rows->test.n, &config, difference));
  return interrupt_status();
}

static bool is_known(const entrant *self, column which) {
  return self->fitted && isfinite(self->mean[which]);
}

/* Whether a difference shows in the digits of its column: a probe that stops at a
 * tolerance gives differences that are steady, but too small to be any. */
static bool shows(column which, double difference) {
  char text[cell_size], zero[cell_size];
  cells_value(text, which, fabs(difference));
  cells_value(zero, which, 0.0);
  return strcmp(text, zero) != 0;
}

static int compare_column(roster *self, const arena *rows, entrant *with, column which) {
  const entrant *none = &self->entrants[0];
  pflow_interval wide;
  with->difference[which] = (pflow_interval){NAN, NAN, NAN};
  if (with == none || !is_known(with, which) || !is_known(none, which)) return status_ok;
  const double *a = with->scores[which], *b = none->scores[which];
  try_status(interval(rows, a, b, 1, &with->difference[which]));
  try_status(interval(rows, a, b, self->count - 1, &wide));
  const int better = column_about(which)->better;
  if (shows(which, wide.mean))
    with->clear[which] = wide.low > 0.0 ? better : wide.high < 0.0 ? -better : 0;
  return status_ok;
}

int verdict_compare(roster *self, const arena *rows) {
  for (size_t i = 0; i < self->count; i++)
    for (size_t c = 0; c < column_count; c++)
      if (column_about((column)c)->by_row)
        try_status(compare_column(self, rows, &self->entrants[i], (column)c));
  return status_ok;
}

static bool competes(const roster *self, size_t i, column which) {
  return is_known(&self->entrants[i], which) &&
         (i > 0 || column_about(which)->untouched) && column_about(which)->better != 0;
}

/* Larger is better. A gap counts by its size: below the ideal there is nothing to win. */
static double merit(const entrant *self, column which) {
  const double value = self->mean[which];
  if (which == col_gap || which == col_hubness) return -fabs(value);
  return column_about(which)->better * value;
}

bool verdict_is_best(const roster *self, size_t place, column which) {
  char own[cell_size], other[cell_size];
  double most = -INFINITY;
  size_t best = 0;
  if (!competes(self, place, which)) return false;
  for (size_t i = 0; i < self->count; i++) {
    if (!competes(self, i, which) || merit(&self->entrants[i], which) <= most) continue;
    most = merit(&self->entrants[i], which);
    best = i;
  }
  cells_value(own, which, self->entrants[place].mean[which]);
  cells_value(other, which, self->entrants[best].mean[which]);
  return strcmp(own, other) == 0;
}

/* ---- advice ---- */

/* The method to name for a use, or 0 (none). */
static int choose(const roster *self, const arena *rows, column which, size_t *chosen) {
  size_t best = 0;
  *chosen = 0;
  for (size_t i = 1; i < self->count; i++)
    if (self->entrants[i].clear[which] > 0 &&
        (best == 0 ||
         merit(&self->entrants[i], which) > merit(&self->entrants[best], which)))
      best = i;
  for (size_t i = 1; i < best; i++) {
    pflow_interval behind;
    if (self->entrants[i].clear[which] <= 0) continue;
    try_status(interval(rows, self->entrants[best].scores[which],
                        self->entrants[i].scores[which], 1, &behind));
    if (behind.low > 0.0) continue;
    best = i;
    break;
  }
  *chosen = best;
  return status_ok;
}

static void append(char advice[advice_size], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(char advice[advice_size], const char *format, ...) {
  const size_t used = strlen(advice);
  va_list args;
  va_start(args, format);
  vsnprintf(advice + used, advice_size - used, format, args);
  va_end(args);
}

static void append_use(char *advice, const entrant *with, size_t use) {
  const pflow_interval *by = &with->difference[uses[use].which];
  append(advice, "%s for %s (%+.1f points, 95 %% interval %+.1f to %+.1f)", with->name,
         uses[use].end, 100.0 * by->mean, 100.0 * by->low, 100.0 * by->high);
}

/* ", " between the items of a list, " and " or " or " before the last. */
static const char *between(size_t item, size_t items, const char *last) {
  return item == 0 ? "" : item + 1 == items ? last : ", ";
}

static void append_unmoved(char *advice, const size_t *chosen, size_t unmoved,
                           const char *last) {
  for (size_t i = 0, item = 0; i < use_count; i++)
    if (chosen[i] == 0)
      append(advice, "%s%s", between(item++, unmoved, last), uses[i].end);
}

int verdict_advise(const roster *self, const arena *rows, char advice[advice_size]) {
  size_t chosen[use_count], unmoved = 0;
  advice[0] = 0;
  for (size_t i = 0; i < use_count; i++) {
    try_status(choose(self, rows, uses[i].which, &chosen[i]));
    unmoved += chosen[i] == 0;
  }
  if (unmoved == use_count) {
    append(advice, "Leave these features alone: none of the methods tried is better, "
                   "beyond chance, for ");
    append_unmoved(advice, chosen, unmoved, " or ");
    append(advice, ".");
    return status_ok;
  }
  append(advice, "Use ");
  for (size_t i = 0, item = 0; i < use_count; i++) {
    if (chosen[i] == 0) continue;
    append(advice, "%s", between(item++, use_count - unmoved, " and "));
    append_use(advice, &self->entrants[chosen[i]], i);
  }
  if (unmoved > 0) {
    append(advice, "; leave the features alone for ");
    append_unmoved(advice, chosen, unmoved, " and ");
  }
  append(advice, ".");
  return status_ok;
}
