/*
 * 03_field_2d - the Poisson flow of points in the plane, drawn.
 *
 * Data on a heart-shaped curve leave the plane z = 0 along the field lines of their own
 * exact field and arrive on a large half sphere. Left: the paths seen from the side, x
 * against z. Right: directions after the flow, seen from above; a uniform half sphere
 * seen so has as many points in each ring of equal area (the circles).
 *
 * usage: 03_field_2d [FOLDER]       writes FOLDER/field_2d.png
 */
#include <math.h>
#include <stdio.h>

#include "common/must.h"
#include "draw/plot.h"

enum { points = 600, paths = 60, path_room = 4000 };

static const double start_height = 0.02, end_height = 60.0;

static void make_heart(float *x, pflow_rng *rng) {
  float noise[2 * points];
  pflow_rng_normal(rng, noise, 2 * points, 0.0, 0.03);
  for (size_t i = 0; i < points; i++) {
    double t = 6.28318530717958648 * pflow_rng_double(rng);
    double high = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t);
    x[2 * i] = (float)pow(sin(t), 3) + noise[2 * i];
    x[2 * i + 1] = (float)(high / 16.0) + noise[2 * i + 1];
  }
}

/* The paths of the first rows, collected as the solver reports them. */
typedef struct recorder {
  double x[paths][path_room], z[paths][path_room];
  size_t length[paths];
} recorder;

static int record(const pflow_ode_rows *rows, size_t step, void *user) {
  recorder *self = user;
  (void)step;
  for (size_t i = 0; i < rows->n; i++) {
    size_t row = rows->row[i];
    if (row >= paths || self->length[row] == path_room) continue;
    size_t at = self->length[row]++;
    self->x[row][at] = rows->y[3 * i];
    self->z[row][at] = rows->y[3 * i + 2];
  }
  return 0;
}

/*
 * Rows at height z0, spread over the plane as the charges' own field crosses it there:
 * at distance R from the charge with 1 - F(R) = z0 / sqrt(R^2 + z0^2), the share of its
 * field lines that pass outside R. Started so, the rows follow the field lines evenly.
 */
static void lift(const float *x, float *y, double z0, pflow_rng *rng) {
  for (size_t i = 0; i < points; i++) {
    double rest = 1.0 - pflow_rng_double(rng);
    double radius = z0 * sqrt(1.0 / (rest * rest) - 1.0);
    double angle = 6.28318530717958648 * pflow_rng_double(rng);
    y[3 * i] = x[2 * i] + (float)(radius * cos(angle));
    y[3 * i + 1] = x[2 * i + 1] + (float)(radius * sin(angle));
    y[3 * i + 2] = (float)z0;
  }
}

static void flow(const pflow_field *field, float *y, recorder *paths_seen) {
  pflow_clock *clock;
  pflow_clock_config cc;
  pflow_ode_config oc;
  pflow_ode_stats stats;
  pflow_clock_config_init(&cc);
  cc.kind = PFLOW_CLOCK_LOG_Z;
  cc.max_speed = 1e6;
  must(pflow_clock_create(&clock, field, points, &cc));
  pflow_ode_config_init(&oc);
  oc.method = PFLOW_ODE_DOPRI5;
  oc.h_max = 0.1;
  oc.observer = record;
  oc.observer_user = paths_seen;
  must(pflow_ode_solve(&oc, pflow_clock_rhs, clock, log(start_height), log(end_height), y,
                       points, 3, &stats));
  printf("%zu of %d points arrived, %llu steps, %llu evaluations\n", stats.arrived,
         points, (unsigned long long)stats.accepted,
         (unsigned long long)stats.evaluations);
  pflow_clock_destroy(clock);
}

static void draw_paths(plot *picture, const recorder *seen) {
  plot_panel(picture, 0, "paths from the plane, seen from the side", "x", "z",
             (plot_range){-4, 4, 0, 5});
  for (size_t i = 0; i < paths; i++)
    plot_line(picture, seen->x[i], seen->z[i], seen->length[i], 0);
}

static void draw_circle(plot *picture, double radius) {
  enum { corners = 181 };
  double x[corners], y[corners];
  for (size_t i = 0; i < corners; i++) {
    double angle = 6.28318530717958648 * (double)i / (corners - 1);
    x[i] = radius * cos(angle);
    y[i] = radius * sin(angle);
  }
  plot_line(picture, x, y, corners, 7);
}

/*
 * Directions seen from above in the equal-area projection, where the half sphere is the
 * unit disc, and the share of points in each of four rings of equal area.
 */
static void draw_directions(plot *picture, const float *y) {
  double u[points], v[points];
  size_t ring[4] = {0};
  for (size_t i = 0; i < points; i++) {
    double a = y[3 * i], b = y[3 * i + 1], c = y[3 * i + 2];
    double norm = sqrt(a * a + b * b + c * c), flat = hypot(a, b);
    double radius = sqrt(1.0 - c / norm);
    u[i] = flat > 0 ? radius * a / flat : 0;
    v[i] = flat > 0 ? radius * b / flat : 0;
    ring[(size_t)fmin(3.0, 4.0 * radius * radius)]++;
  }
  plot_panel(picture, 1, "directions after the flow, equal-area view", "", "",
             (plot_range){-1.1, 1.1, -1.1, 1.1});
  for (int k = 1; k <= 4; k++)
    draw_circle(picture, sqrt(k / 4.0));
  plot_dots(picture, u, v, NULL, points, 2.0);
  printf("points in four rings of equal area: %zu %zu %zu %zu (uniform: %d each)\n",
         ring[0], ring[1], ring[2], ring[3], points / 4);
}

int main(int argc, char **argv) {
  char path[4096];
  float x[2 * points], y[3 * points];
  pflow_field *field;
  pflow_rng rng;
  recorder *seen = must_alloc(1, sizeof *seen);
  pflow_rng_init(&rng, 7, 0);
  make_heart(x, &rng);
  must(pflow_field_create_sources(&field, &(pflow_sources){x, points, 2}, NULL));
  lift(x, y, start_height, &rng);
  flow(field, y, seen);
  plot picture;
  snprintf(path, sizeof path, "%s/field_2d.png", argc > 1 ? argv[1] : ".");
  plot_begin(&picture, path, 2, 480, 460);
  draw_paths(&picture, seen);
  draw_directions(&picture, y);
  must_do(plot_end(&picture));
  printf("written: %s\n", path);
  pflow_field_destroy(field);
  pflow_free(seen);
  return 0;
}
