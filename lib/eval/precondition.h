/*
 * precondition.h - the variables in which a logistic regression is fitted.
 *
 * P = c / classes X^T X + I is the objective's curvature at weights of 0, X having a
 * column of ones for the intercept. In variables v with w = S v and S S^T = P^-1 all
 * directions have the same curvature there. S is L^-T of P's Cholesky factor, without
 * the penalty's 1 for the intercept, where no pivot is lost (eval/cholesky.h); of few
 * rows it is P^-1/2 by the eigenvectors of X X^T, where P differs from I in as many
 * directions as there are rows.
 */
#ifndef LIBPFLOW_PRECONDITION_H
#define LIBPFLOW_PRECONDITION_H

#include "eval/logistic.h"

typedef struct pf_precondition {
  size_t width, rank; /* rank: of P - I where rows are few, else 0 */
  double *factor;     /* L (width x width), or rank axes (of width) */
  double *shrink;     /* NULL, or what P^-1/2 - I is along the axes (rank) */
  double *along;      /* NULL, or scratch (rank) */
} pf_precondition;

/* To be freed, also after an error: PFLOW_EUNSUPPORTED for more few rows than LAPACK
 * counts (pf_eigen_check). The CBLAS is called: not inside a parallel-for. */
pflow_err pf_precondition_make(pf_precondition *self, const pf_objective *objective);
void pf_precondition_free(pf_precondition *self);

/* Each of `count` rows v (of width) becomes the weights S v; a gradient g of them becomes
 * S^T g, that of v. By one thread at a time: scratch is the object's. */
void pf_to_weights(pf_precondition *self, double *rows, size_t count);
void pf_to_variables(pf_precondition *self, double *rows, size_t count);

#endif
