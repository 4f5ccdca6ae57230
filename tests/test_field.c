/*
 * test_field.c - field objects: networks, sources and classes of the user's own.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/suite.h"

/* ---- a class of one's own: E = scale * y, with a count in each workspace ---- */

typedef struct scaled {
  float scale;
  size_t dim;
  int *destroyed;
} scaled;

static pflow_err scaled_work_create(void **work, size_t max_rows, const void *self) {
  (void)self;
  size_t *count = pflow_alloc(max_rows, sizeof *count);
  *work = count;
  return count ? PFLOW_OK : PFLOW_ENOMEM;
}

static pflow_err scaled_eval(const float *y, size_t n, float *e, void *work,
                             const void *self) {
  const scaled *field = self;
  if (work) ++*(size_t *)work;
  for (size_t i = 0; i < n * field->dim; i++)
    e[i] = field->scale * y[i];
  return field->scale == 0.0f ? PFLOW_EUNSUPPORTED : PFLOW_OK;
}

static void scaled_destroy(void *self) {
  scaled *field = self;
  ++*field->destroyed;
}

static const pflow_field_class scaled_class = {.struct_size = sizeof scaled_class,
                                               .kind = "scaled",
                                               .work_create = scaled_work_create,
                                               .work_destroy = pflow_free,
                                               .eval = scaled_eval,
                                               .destroy = scaled_destroy};

START_TEST(a_class_of_ones_own) {
  int destroyed = 0;
  scaled self = {-2.0f, 3, &destroyed};
  const float y[6] = {1, 2, 3, 4, 5, 6};
  float e[6];
  pflow_field *field;
  pflow_field_work *work;
  ck_ok(pflow_field_create(&field, 3, &scaled_class, &self));
  ck_assert_uint_eq(pflow_field_dim(field), 3);
  ck_assert_str_eq(pflow_field_kind(field), "scaled");
  ck_ok(pflow_field_work_create(&work, field, 2));
  ck_ok(pflow_field_eval(field, work, y, 2, e));
  for (size_t i = 0; i < 6; i++)
    ck_assert(e[i] == -2.0f * y[i]);
  self.scale = 0.0f;
  ck_assert_int_eq(pflow_field_eval(field, work, y, 2, e), PFLOW_EUNSUPPORTED);
  pflow_field_work_destroy(work);
  ck_assert_int_eq(destroyed, 0);
  pflow_field_destroy(field);
  ck_assert_int_eq(destroyed, 1);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(only_kind_and_eval_are_required) {
  scaled self = {1.0f, 2, NULL};
  const pflow_field_class bare = {
      .struct_size = sizeof bare, .kind = "bare", .eval = scaled_eval};
  const float y[2] = {3, 4};
  float e[2];
  pflow_field *field;
  pflow_field_work *work;
  ck_ok(pflow_field_create(&field, 2, &bare, &self));
  ck_ok(pflow_field_work_create(&work, field, 1));
  ck_ok(pflow_field_eval(field, work, y, 1, e));
  ck_assert_mem_eq(e, y, sizeof e);
  pflow_field_work_destroy(work);
  pflow_field_destroy(field);
  pflow_field_work_destroy(NULL);
  pflow_field_destroy(NULL);
  ck_assert_uint_eq(pflow_field_dim(NULL), 0);
  ck_assert_ptr_null(pflow_field_kind(NULL));
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- networks ---- */

/* A small network over points of 5 coordinates, and 7 points. */
static pflow_net *make_net(float y[35]) {
  pflow_net *net;
  pflow_rng rng;
  pflow_rng_init(&rng, 6, 0);
  pflow_rng_normal(&rng, y, 35, 0.0, 1.0);
  ck_ok(pflow_field_net_create(&net, 4, NULL));
  return net;
}

START_TEST(a_net_field_is_its_prediction) {
  float y[35], want[35], got[35];
  pflow_net *net = make_net(y);
  pflow_net_work *net_work;
  pflow_field *field;
  pflow_field_work *work;
  ck_ok(pflow_net_work_create(&net_work, net, 7, PFLOW_INFERENCE));
  ck_ok(pflow_net_predict(net, net_work, y, 7, want));
  ck_ok(pflow_field_create_net(&field, net));
  ck_ok(pflow_field_work_create(&work, field, 7));
  ck_ok(pflow_field_eval(field, work, y, 7, got));
  ck_assert_mem_eq(got, want, sizeof got);
  ck_assert_str_eq(pflow_field_kind(field), "net");
  ck_assert_uint_eq(pflow_field_dim(field), 5);
  pflow_field_work_destroy(work);
  pflow_field_destroy(field);
  pflow_net_work_destroy(net_work);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(networks_that_are_no_fields) {
  pflow_net *net;
  pflow_field *field;
  ck_ok(pflow_net_create(&net, NULL));
  ck_ok(pflow_net_add_linear(net, 3, 1));
  ck_fails(pflow_field_create_net(NULL, net), PFLOW_ENULL, "field is NULL");
  ck_fails(pflow_field_create_net(&field, NULL), PFLOW_ENULL, "net is NULL");
  ck_fails(pflow_field_create_net(&field, net), PFLOW_ESTATE, "not built");
  ck_ok(pflow_net_build(net, (size_t[]){4}, 1));
  ck_fails(pflow_field_create_net(&field, net), PFLOW_ESHAPE, "4 inputs, 3 outputs");
  ck_assert_ptr_null(field);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- sources ---- */

START_TEST(a_field_of_sources_keeps_its_rows) {
  float x[6] = {0, 0, 1, 0, 0, 1}, want[6], got[6];
  const float y[6] = {0.2f, 0.1f, 0.3f, 2.0f, 2.0f, 1.0f};
  const pflow_sources sources = {x, 3, 2};
  pflow_field *field;
  pflow_field_work *work;
  ck_ok(pflow_poisson_direction(&sources, y, 2, want, NULL));
  ck_ok(pflow_field_create_sources(&field, &sources, NULL));
  memset(x, 0, sizeof x);
  ck_ok(pflow_field_work_create(&work, field, 2));
  ck_ok(pflow_field_eval(field, work, y, 2, got));
  ck_assert_mem_eq(got, want, sizeof got);
  ck_assert_str_eq(pflow_field_kind(field), "sources");
  ck_assert_uint_eq(pflow_field_dim(field), 3);
  pflow_field_work_destroy(work);
  pflow_field_destroy(field);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

enum { shared_rows = 60, shared_piece = 5 };
typedef struct shared {
  const pflow_field *field;
  float y[shared_rows * 3], e[shared_rows * 3];
} shared;

static int evaluate_piece(size_t begin, size_t end, void *user) {
  shared *self = user;
  pflow_field_work *work;
  pflow_err rc = pflow_field_work_create(&work, self->field, end - begin);
  if (rc >= 0)
    rc = pflow_field_eval(self->field, work, self->y + begin * 3, end - begin,
                          self->e + begin * 3);
  pflow_field_work_destroy(work);
  return rc;
}

START_TEST(threads_share_a_field) {
  static float x[200 * 2], want[shared_rows * 3];
  const pflow_sources sources = {x, 200, 2};
  static shared self;
  pflow_field *field;
  pflow_pool *pool;
  pflow_rng rng;
  pflow_rng_init(&rng, 4, 0);
  pflow_rng_normal(&rng, x, 400, 0.0, 1.0);
  pflow_rng_normal(&rng, self.y, shared_rows * 3, 0.0, 1.0);
  ck_ok(pflow_poisson_direction(&sources, self.y, shared_rows, want, NULL));
  ck_ok(pflow_pool_create(&pool, 3));
  ck_ok(pflow_field_create_sources(&field, &sources, pool));
  self.field = field;
  ck_ok(pflow_parallel_for(pool, shared_rows, shared_piece, evaluate_piece, &self));
  ck_assert_mem_eq(self.e, want, sizeof want);
  pflow_field_destroy(field);
  pflow_pool_destroy(pool);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_sources_are_named) {
  const float x[4] = {0, 1, NAN, 0};
  const pflow_sources good = {x, 1, 2}, bad = {x, 2, 2}, none = {x, 0, 2};
  const pflow_sources missing = {NULL, 1, 2}, huge = {x, SIZE_MAX / 8, 4};
  pflow_field *field;
  ck_fails(pflow_field_create_sources(NULL, &good, NULL), PFLOW_ENULL, "field is NULL");
  ck_fails(pflow_field_create_sources(&field, NULL, NULL), PFLOW_ENULL, "sources is");
  ck_fails(pflow_field_create_sources(&field, &missing, NULL), PFLOW_ENULL, "sources->x");
  ck_fails(pflow_field_create_sources(&field, &none, NULL), PFLOW_EINVAL, "0 rows of 2");
  ck_fails(pflow_field_create_sources(&field, &huge, NULL), PFLOW_EOVERFLOW, "*");
  ck_fails(pflow_field_create_sources(&field, &bad, NULL), PFLOW_ENONFINITE,
           "row 1, column 0 is nan");
  ck_assert_ptr_null(field);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- bad input, and failing allocations ---- */

START_TEST(a_failed_field_destroys_its_self) {
  int destroyed = 0;
  scaled self = {1.0f, 3, &destroyed};
  pflow_field_class wrong = scaled_class;
  pflow_field *field;
  ck_fails(pflow_field_create(NULL, 3, &scaled_class, &self), PFLOW_ENULL, "field is");
  ck_fails(pflow_field_create(&field, 1, &scaled_class, &self), PFLOW_EINVAL, "got 1");
  ck_fails(pflow_field_create(&field, 0, &scaled_class, &self), PFLOW_EINVAL, "got 0");
  wrong.eval = NULL;
  ck_fails(pflow_field_create(&field, 3, &wrong, &self), PFLOW_ENULL, "eval is NULL");
  wrong = scaled_class;
  wrong.kind = NULL;
  ck_fails(pflow_field_create(&field, 3, &wrong, &self), PFLOW_ENULL, "kind is NULL");
  ck_assert_int_eq(destroyed, 5);
  ck_fails(pflow_field_create(&field, 3, NULL, &self), PFLOW_ENULL,
           "field_class is NULL");
  wrong.struct_size = 0;
  ck_fails(pflow_field_create(&field, 3, &wrong, &self), PFLOW_EINVAL,
           "struct_size is 0");
  ck_assert_ptr_null(field);
}
END_TEST

START_TEST(bad_evaluations_are_named) {
  int destroyed = 0;
  scaled self = {1.0f, 3, &destroyed};
  const float y[9] = {0};
  float e[9];
  pflow_field *field, *other;
  pflow_field_work *work;
  ck_ok(pflow_field_create(&field, 3, &scaled_class, &self));
  ck_ok(pflow_field_create(&other, 3, &scaled_class, &self));
  ck_fails(pflow_field_work_create(NULL, field, 2), PFLOW_ENULL, "work is NULL");
  ck_fails(pflow_field_work_create(&work, NULL, 2), PFLOW_ENULL, "field is NULL");
  ck_fails(pflow_field_work_create(&work, field, 0), PFLOW_EINVAL, "0 rows");
  ck_assert_ptr_null(work);
  ck_ok(pflow_field_work_create(&work, field, 2));
  ck_fails(pflow_field_eval(NULL, work, y, 1, e), PFLOW_ENULL, "field is NULL");
  ck_fails(pflow_field_eval(field, NULL, y, 1, e), PFLOW_ENULL, "work is NULL");
  ck_fails(pflow_field_eval(field, work, NULL, 1, e), PFLOW_ENULL, "y is NULL");
  ck_fails(pflow_field_eval(field, work, y, 1, NULL), PFLOW_ENULL, "e is NULL");
  ck_fails(pflow_field_eval(field, work, y, 0, e), PFLOW_EINVAL, "0 rows");
  ck_fails(pflow_field_eval(field, work, y, 3, e), PFLOW_ESHAPE, "3 rows");
  ck_fails(pflow_field_eval(other, work, y, 1, e), PFLOW_ESTATE, "another");
  pflow_field_work_destroy(work);
  pflow_field_destroy(field);
  pflow_field_destroy(other);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err make_work(pflow_field *field) {
  pflow_field_work *work;
  pflow_err rc = pflow_field_work_create(&work, field, 3);
  pflow_field_work_destroy(work);
  pflow_field_destroy(field);
  return rc;
}

static pflow_err make_source_field(void *user) {
  pflow_field *field;
  pflow_err rc = pflow_field_create_sources(&field, user, NULL);
  return rc < 0 ? rc : make_work(field);
}

static pflow_err make_net_field(void *user) {
  pflow_field *field;
  pflow_err rc = pflow_field_create_net(&field, user);
  return rc < 0 ? rc : make_work(field);
}

START_TEST(failing_allocations_leave_nothing) {
  const float x[4] = {1, 2, 3, 4};
  float y[35];
  failing_install();
  pflow_net *net = make_net(y);
  ck_assert_uint_eq(check_failures(make_source_field, &(pflow_sources){x, 2, 2}), 4);
  ck_assert_uint_gt(check_failures(make_net_field, net), 3);
  pflow_net_destroy(net);
  failing_remove();
}
END_TEST

START_TEST(points_go_there_and_back) {
  const float x[6] = {1, 2, 3, 4, 5, 6};
  const float want[9] = {1, 2, 0.5f, 3, 4, 0.5f, 5, 6, 0.5f};
  float y[9], back[6];
  ck_ok(pflow_points_augment(x, 3, 2, 0.5, y));
  ck_assert_mem_eq(y, want, sizeof want);
  ck_ok(pflow_points_project(y, 3, 2, back));
  ck_assert_mem_eq(back, x, sizeof x);
  ck_ok(pflow_points_project(y, 3, 2, y));
  ck_assert_mem_eq(y, x, sizeof x);
  ck_fails(pflow_points_augment(NULL, 3, 2, 0.5, y), PFLOW_ENULL, "x");
  ck_fails(pflow_points_augment(x, 3, 2, 0.5, NULL), PFLOW_ENULL, "y");
  ck_fails(pflow_points_augment(x, 0, 2, 0.5, y), PFLOW_EINVAL, "0 rows of 2");
  ck_fails(pflow_points_augment(x, SIZE_MAX / 8, 7, 0.5, y), PFLOW_EOVERFLOW, "points");
  ck_fails(pflow_points_project(y, 3, 0, back), PFLOW_EINVAL, "3 rows of 0");
  ck_fails(pflow_points_project(NULL, 3, 2, back), PFLOW_ENULL, "y");
  ck_fails(pflow_points_project(y, 3, 2, NULL), PFLOW_ENULL, "x");
}
END_TEST

int main(void) {
  return run_tests("field",
                   TESTS(points_go_there_and_back, a_class_of_ones_own,
                         only_kind_and_eval_are_required, a_net_field_is_its_prediction,
                         networks_that_are_no_fields, a_field_of_sources_keeps_its_rows,
                         threads_share_a_field, bad_sources_are_named,
                         a_failed_field_destroys_its_self, bad_evaluations_are_named,
                         failing_allocations_leave_nothing));
}
