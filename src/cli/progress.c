#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Before that a rate, and the time left, would be guesses. */
static const double least_seconds = 1.0;

double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_begin(progress *self, const char *title, size_t total) {
  *self = (progress){.title = title, .total = total ? total : 1};
  self->terminal = isatty(STDERR_FILENO) != 0;
  self->started = now_seconds();
}

void progress_begin_quiet(progress *self, const char *title, size_t total) {
  progress_begin(self, title, total);
  self->quiet = true;
}

/* "1:05" or "2:03:07". */
static void format_time(char *text, size_t size, double seconds) {
  long whole = (long)(seconds + 0.5);
  if (whole >= 3600)
    snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  else
    snprintf(text, size, "%ld:%02ld", whole / 60, whole % 60);
}

static void format_left(char *text, size_t size, double seconds) {
  char time[24];
  format_time(time, sizeof time, seconds);
  snprintf(text, size, "  %s left", time);
}

/* Columns of the terminal, 80 if it does not tell. */
static size_t terminal_columns(void) {
  struct winsize size;
  bool told = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return told ? size.ws_col : 80;
}

/* A line that wrapped could not be drawn over: the bar shrinks, then the end is cut. */
static void draw_bar(progress *self, size_t done, const char *note, double elapsed) {
  enum { most_cells = 24, brackets = 4 };
  char line[256], text[128], left[32] = "";
  if (done > 0 && elapsed > least_seconds)
    format_left(left, sizeof left, elapsed * (double)(self->total - done) / (double)done);
  snprintf(text, sizeof text, "%3zu%%  %s%s", done * 100 / self->total, note, left);
  size_t room = terminal_columns() - 1;
  size_t taken = strlen(self->title) + strlen(text) + brackets;
  size_t cells = room > taken ? room - taken : 0;
  if (cells > most_cells) cells = most_cells;
  int filled = (int)(done * cells / self->total);
  snprintf(line, sizeof line, "%s [%.*s%.*s] %s", self->title, filled,
           "########################", (int)cells - filled, "........................",
           text);
  fprintf(stderr, "\r\033[K%.*s", (int)room, line);
  fflush(stderr);
}

static void print_line(progress *self, size_t done, const char *note, double elapsed) {
  size_t tenths = done * 10 / self->total;
  if (tenths <= self->tenths) return;
  self->tenths = tenths;
  char spent[32];
  format_time(spent, sizeof spent, elapsed);
  fprintf(stderr, "%s %3zu%%  %s  %s\n", self->title, done * 100 / self->total, note,
          spent);
}

void progress_show(progress *self, size_t done, const char *note) {
  double now = now_seconds(), elapsed = now - self->started;
  if (done > self->total) done = self->total;
  if (!self->terminal) {
    if (!self->quiet) print_line(self, done, note, elapsed);
  } else if (now - self->shown > 0.1 || done == self->total) {
    self->shown = now;
    draw_bar(self, done, note, elapsed);
  }
}

void progress_rate(progress *self, size_t done, const char *units) {
  char note[64] = "";
  const double elapsed = now_seconds() - self->started;
  const double rate = elapsed > least_seconds ? (double)done / elapsed : 0.0;
  if (rate > 0.0)
    snprintf(note, sizeof note, rate >= 100.0 ? "%.0f %s/s" : "%.3g %s/s", rate, units);
  progress_show(self, done, note);
}

void progress_end(progress *self) {
  if (self->terminal) fprintf(stderr, "\r\033[K");
}
