#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/must.h"

size_t bench_argument(int argc, char **argv, int place, size_t usual) {
  if (argc <= place) return usual;
  char *end;
  unsigned long long value = strtoull(argv[place], &end, 10);
  if (argv[place][0] < '0' || argv[place][0] > '9' || *end != 0 || value == 0)
    fail("argument %d is \"%s\", wants a whole number above 0", place, argv[place]);
  return (size_t)value;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double bench_median(double *seconds, size_t n) {
  qsort(seconds, n, sizeof *seconds, by_value);
  return 0.5 * (seconds[(n - 1) / 2] + seconds[n / 2]);
}

/*
 * Peak memory of this program. The kernel's ru_maxrss takes in what the process held
 * before exec, a copy of its parent: not less than a script that started it.
 */
static double peak_mib(void) {
  struct rusage usage = {0};
  char line[256];
  unsigned long kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && !kib && fgets(line, sizeof line, file))
    if (strncmp(line, "VmHWM:", 6) == 0) kib = strtoul(line + 6, NULL, 10);
  if (file) fclose(file);
  getrusage(RUSAGE_SELF, &usage);
  return (double)(kib ? kib : (unsigned long)usage.ru_maxrss) / 1024.0;
}

void bench_report(double seconds, double gflop) {
  printf("%.6f %.3f %.1f\n", seconds, gflop, peak_mib());
  must_flush();
}
