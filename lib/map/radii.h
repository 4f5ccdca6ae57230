/*
 * radii.h - how far from the centre rows lie at a height of the flow, beside a uniform
 * flow's law.
 *
 * rho^2 / (rho^2 + r^2) ~ Beta(k/2, D/2) holds where the kernel is much wider than the
 * data. A flow that stops earlier leaves rows nearer to the centre or farther off, so the
 * forms that go by the radius match share to share: the rows' own law to the uniform one.
 */
#ifndef LIBPFLOW_RADII_H
#define LIBPFLOW_RADII_H

#include "base/base.h"

enum { pf_radii_shares = 33 };

/* ln(rho / r) that the shares (i + 1/2) / 33 of all rows are below; rises. */
typedef struct pf_radii {
  double at[pf_radii_shares];
} pf_radii;

typedef struct pf_radii_match {
  pf_radii rows, uniform;
} pf_radii_match;

/* (i + 1/2) / 33. */
double pf_radii_share(size_t i);

double pf_row_length(const float *row, size_t dim);

/* Of n rows of u (n x dim) at height r. */
pflow_err pf_radii_measure(pf_radii *radii, const float *u, size_t n, size_t dim,
                           double r);

/* ln(rho / r) of a share; 1/2 is the median. Beyond the shares that are known: theirs. */
double pf_radii_of_share(const pf_radii *radii, double share);

/* Part of the way from one to another, all raised by `shift`. */
pf_radii pf_radii_between(const pf_radii *from, const pf_radii *to, double part,
                          double shift);

/* Whether they rise from each to the next, and can be logarithms of radii. */
bool pf_radii_are_sound(const pf_radii *radii);

/* ln(rho / r) of a row as it would be under a uniform flow, and back. */
double pf_radii_match_there(const pf_radii_match *match, double log_ratio);
double pf_radii_match_back(const pf_radii_match *match, double log_ratio);

/* The line through the points around `at`, or through the last two on its side; from
 * rises, n >= 2. */
double pf_line_at(const double *from, const double *to, size_t n, double at);

#endif
