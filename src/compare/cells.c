#include "compare/cells.h"

#include <math.h>
#include <string.h>

#include "cli/say.h"
#include "compare/verdict.h"

static const column geometry[] = {col_uniformity, col_ideal, col_gap,
                                  col_hubness,    col_rank,  col_kept,
                                  col_round_trip, col_fit,   col_transform};
static const column in_use[] = {col_knn,    col_linear, col_nll,  col_shot_1,
                                col_shot_5, col_bit,    col_byte, col_nmi};
static const column by_row_1[] = {col_knn, col_linear, col_nll, col_kept};
static const column by_row_2[] = {col_shot_1, col_shot_5, col_bit, col_byte};

static const struct {
  const char *title;
  const column *shown;
  size_t count;
  bool differences;
} tables[grid_count] = {
    {"Geometry and cost", geometry, sizeof geometry / sizeof *geometry, false},
    {"In use", in_use, sizeof in_use / sizeof *in_use, false},
    {"Difference from none, with its 95 % interval", by_row_1,
     sizeof by_row_1 / sizeof *by_row_1, true},
    {"Difference from none, with its 95 % interval (more)", by_row_2,
     sizeof by_row_2 / sizeof *by_row_2, true},
};

cell *cells_at(const grid *self, size_t row, size_t at) {
  return &self->cells[row * self->columns + at];
}

char cells_mark(cell_mark mark) {
  static const char marks[] = {' ', '*', '+', '-'};
  return marks[mark];
}

void cells_value(char text[cell_size], column which, double value) {
  const column_info *about = column_about(which);
  if (!isfinite(value))
    snprintf(text, cell_size, "-");
  else if (about->decimals < 0)
    snprintf(text, cell_size, "%.1e", value);
  else
    snprintf(text, cell_size, "%.*f", about->decimals, about->factor * value);
}

/* With the spread over seeds where there are several. */
static void fill_value(cell *self, const roster *all, size_t place, column which) {
  const entrant *of = &all->entrants[place];
  char spread[cell_size];
  cells_value(self->text, which, of->mean[which]);
  if (verdict_is_best(all, place, which)) self->mark = best_mark;
  if (of->repeats < 2 || !isfinite(of->mean[which]) || which == col_ideal) return;
  cells_value(spread, which, of->deviation[which]);
  const size_t used = strlen(self->text);
  snprintf(self->text + used, sizeof self->text - used, "~%s", spread);
}

static void fill_difference(cell *self, const entrant *of, column which) {
  const column_info *about = column_about(which);
  const pflow_interval *by = &of->difference[which];
  const double scale = about->factor;
  if (!isfinite(by->mean)) {
    snprintf(self->text, sizeof self->text, "-");
    return;
  }
  snprintf(self->text, sizeof self->text, "%+.*f [%+.*f, %+.*f]", about->decimals,
           scale * by->mean, about->decimals, scale * by->low, about->decimals,
           scale * by->high);
  if (of->clear[which] != 0) self->mark = of->clear[which] > 0 ? better_mark : worse_mark;
}

int cells_make(grid *self, const roster *all, size_t which) {
  *self = (grid){.title = tables[which].title,
                 .rows = all->count + 1,
                 .columns = tables[which].count + 1,
                 .shown = tables[which].shown};
  self->cells = say_alloc(self->rows * self->columns, sizeof *self->cells);
  if (!self->cells) return status_failed;
  snprintf(cells_at(self, 0, 0)->text, cell_size, "method");
  for (size_t c = 1; c < self->columns; c++)
    snprintf(cells_at(self, 0, c)->text, cell_size, "%s",
             column_about(self->shown[c - 1])->head);
  for (size_t r = 1; r < self->rows; r++) {
    snprintf(cells_at(self, r, 0)->text, cell_size, "%s", all->entrants[r - 1].name);
    for (size_t c = 1; c < self->columns; c++)
      if (tables[which].differences)
        fill_difference(cells_at(self, r, c), &all->entrants[r - 1], self->shown[c - 1]);
      else
        fill_value(cells_at(self, r, c), all, r - 1, self->shown[c - 1]);
  }
  return status_ok;
}

void cells_free(grid *self) {
  pflow_free(self->cells);
}

static int width_of(const grid *self, size_t at) {
  size_t width = 0;
  for (size_t r = 0; r < self->rows; r++) {
    const size_t length = strlen(cells_at(self, r, at)->text);
    if (length > width) width = length;
  }
  return (int)width;
}

void cells_print(const grid *self, FILE *out) {
  fprintf(out, "\n%s\n", self->title);
  for (size_t r = 0; r < self->rows; r++) {
    fprintf(out, "%-*s", width_of(self, 0), cells_at(self, r, 0)->text);
    for (size_t c = 1; c < self->columns; c++) {
      const cell *at = cells_at(self, r, c);
      fprintf(out, "  %*s%c", width_of(self, c), at->text, cells_mark(at->mark));
    }
    fputc('\n', out);
  }
}

static void print_rule(const grid *self, FILE *out) {
  for (size_t c = 0; c < self->columns; c++)
    fputs(c == 0 ? "|---|" : "--:|", out);
  fputc('\n', out);
}

void cells_print_markdown(const grid *self, FILE *out) {
  fprintf(out, "\n**%s**\n\n", self->title);
  for (size_t r = 0; r < self->rows; r++) {
    fprintf(out, "| %s |", cells_at(self, r, 0)->text);
    for (size_t c = 1; c < self->columns; c++) {
      const cell *at = cells_at(self, r, c);
      const char *bold = at->mark == best_mark ? "**" : "";
      const char sign[] = {cells_mark(at->mark), 0};
      fprintf(out, " %s%s%s%s |", bold, at->text, bold,
              at->mark == better_mark || at->mark == worse_mark ? sign : "");
    }
    fputc('\n', out);
    if (r == 0) print_rule(self, out);
  }
}
