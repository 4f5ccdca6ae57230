#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
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
  return seconds[n / 2];
}

void bench_report(double seconds, double gflop) {
  struct rusage usage = {0};
  getrusage(RUSAGE_SELF, &usage);
  printf("%.6f %.3f %.1f\n", seconds, gflop, (double)usage.ru_maxrss / 1024.0);
  must_flush();
}
