/*
 * denoiser_scale.c - one row's way into the network and back: all that it reads and says
 * is of unit size. The formulas are explained in pflow/denoiser.h.
 */
#include <math.h>

#include "field/denoiser.h"

/* Squared widths are kept where they and their sums with variances are good floats. */
static const double least_width = 1e-30, most_width = 1e30;

static double limit_width(double u) {
  if (u < least_width) return least_width;
  return u > most_width ? most_width : u; /* NaN stays */
}

/* u from q = ||x - m||^2 and u0 = r^2 / D. */
static double squared_width(const pflow_denoiser *denoiser, double q, double u0) {
  const double n = (double)denoiser->dim, aug_dim = denoiser->config.aug_dim;
  const double v = denoiser->mean_variance, share = u0 / (v + u0);
  const double outside = sqrt(q) - denoiser->radius;
  const double expected = q * share * share + n * v * share;
  const double nearest = outside > 0.0 ? outside * outside : 0.0;
  const double d2 = nearest > expected ? nearest : expected;
  return limit_width((u0 * aug_dim + d2) / (n + aug_dim));
}

/*
 * Where the height stands in the range of heights, -1 to 1, with three octaves of sine
 * and cosine; and by how much u differs from u0, which for large D it does not.
 */
static void put_features(const pflow_denoiser *denoiser, double r, double excess,
                         float *to) {
  const double place = (log(r) - denoiser->log_r_min) / denoiser->log_r_range;
  const double t = 2.0 * fmin(fmax(place, 0.0), 1.0) - 1.0, quarter = 1.57079632679489662;
  double s = sin(quarter * t), c = cos(quarter * t);
  *to++ = (float)t;
  for (size_t octave = 0; octave < 3; octave++) {
    *to++ = (float)s;
    *to++ = (float)c;
    const double doubled = 2.0 * s * c;
    c = c * c - s * s;
    s = doubled;
  }
  const double w = 0.5 * log(excess);
  *to = (float)(w / (1.0 + fabs(w)));
}

double pf_denoiser_encode(const pflow_denoiser *denoiser, const float *x, double r,
                          float *input) {
  const size_t dim = denoiser->dim;
  const float *m = denoiser->center, *v = denoiser->variance;
  double q = 0.0;
  for (size_t k = 0; k < dim; k++) {
    const double difference = (double)x[k] - m[k];
    q += difference * difference;
  }
  const double width = r / sqrt(denoiser->config.aug_dim),
               u0 = limit_width(width * width);
  const double u = isfinite(q) ? squared_width(denoiser, q, u0) : NAN;
  const float squared = (float)u;
  for (size_t k = 0; k < dim; k++)
    input[k] = (x[k] - m[k]) / sqrtf(v[k] + squared);
  put_features(denoiser, r, u / u0, input + dim);
  return u;
}

/* Of one axis: 1 / (v + u) times v, times u, and the root of v u / (v + u). */
typedef struct axis {
  float skip, rest, out;
} axis;

static inline axis axis_of(float v, float u) {
  const float inverse = 1.0f / (v + u), rest = u * inverse;
  return (axis){v * inverse, rest, sqrtf(v * rest)};
}

void pf_denoiser_mean(const pflow_denoiser *denoiser, const float *x, double u,
                      const float *f, float *out) {
  const float *m = denoiser->center;
  for (size_t k = 0; k < denoiser->dim; k++) {
    const axis a = axis_of(denoiser->variance[k], (float)u);
    out[k] = m[k] + (a.skip * (x[k] - m[k]) + a.out * f[k]);
  }
}

void pf_denoiser_derivative(const pflow_denoiser *denoiser, const float *x, double u,
                            const float *f, float *out) {
  const float *m = denoiser->center;
  for (size_t k = 0; k < denoiser->dim; k++) {
    const axis a = axis_of(denoiser->variance[k], (float)u);
    out[k] = a.rest * (x[k] - m[k]) - a.out * f[k];
  }
}

double pf_denoiser_loss(const pflow_denoiser *denoiser, const float *s, const float *x,
                        double u, const float *f, double share, float *gradient) {
  const size_t dim = denoiser->dim;
  const float *m = denoiser->center;
  double errors = 0.0, outs = 0.0;
  for (size_t k = 0; k < dim; k++) {
    const axis a = axis_of(denoiser->variance[k], (float)u);
    const float error = a.skip * (x[k] - m[k]) + a.out * f[k] - (s[k] - m[k]);
    gradient[k] = a.out * error;
    errors += (double)error * error;
    outs += (double)a.out * a.out;
  }
  const double weight = share * (double)dim / outs;
  const float factor = (float)(2.0 * weight);
  for (size_t k = 0; k < dim; k++)
    gradient[k] *= factor;
  return weight * errors;
}
