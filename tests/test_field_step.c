/*
 * test_field_step.c - one step of learning a field, and the network of the post.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/planar.h"
#include "support/suite.h"

enum { n = planar_rows, dim = planar_dim, width = planar_width };

/* ---- one step ---- */

static double step_loss(pflow_field_step *step, pflow_net *net) {
  const pflow_sources sources = {planar_data(), n, dim};
  pflow_rng rng;
  double loss;
  pflow_rng_init(&rng, 1, 2);
  ck_ok(pflow_field_step_run(step, net, &sources, &rng, &loss));
  return loss;
}

START_TEST(the_step_leaves_the_gradient) {
  pflow_net *net = planar_net(8, NULL);
  pflow_field_fit_config config = planar_config(1);
  pflow_field_step *step;
  ck_ok(pflow_field_step_create(&step, net, &config));
  size_t size = pflow_net_param_size(net);
  float *params = pflow_net_params(net), *gradient = malloc(size * sizeof *gradient);
  double largest = 0.0, worst = 0.0;
  step_loss(step, net);
  memcpy(gradient, pflow_net_grads(net), size * sizeof *gradient);
  for (size_t i = 0; i < size; i++) {
    const float h = 0x1p-7f, kept = params[i];
    params[i] = kept + h;
    double above = step_loss(step, net);
    params[i] = kept - h;
    double slope = (above - step_loss(step, net)) / (2.0 * (double)h);
    params[i] = kept;
    largest = fmax(largest, fabs(slope));
    worst = worst_of(worst, fabs(slope - gradient[i]));
  }
  ck_assert_msg(worst < 1e-3 * largest, "off by %g of %g", worst, largest);
  step_loss(step, net); /* a second run does not add to the first */
  ck_assert_mem_eq(pflow_net_grads(net), gradient, size * sizeof *gradient);
  free(gradient);
  pflow_field_step_destroy(step);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* The loss from public pieces: perturb, target, predict, mean squared error. */
START_TEST(the_step_is_made_of_public_pieces) {
  pflow_net *net = planar_net(8, NULL);
  pflow_net_work *work;
  pflow_field_fit_config config = planar_config(1);
  pflow_field_step *step;
  static float y[64 * width], target[64 * width], output[64 * width];
  const pflow_sources sources = {planar_data(), n, dim};
  pflow_rng rng;
  double want;
  pflow_rng_init(&rng, 1, 2);
  ck_ok(pflow_net_work_create(&work, net, 64, PFLOW_INFERENCE));
  ck_ok(pflow_perturb(&config.perturb, planar_data(), 64, dim, &rng, y, NULL));
  ck_ok(pflow_poisson_target(&sources, y, 64, config.gamma, target, NULL));
  ck_ok(pflow_net_predict(net, work, y, 64, output));
  ck_ok(pflow_loss_mse(output, target, 64, width, &want, NULL));
  ck_ok(pflow_field_step_create(&step, net, &config));
  ck_assert_double_eq_tol(step_loss(step, net), want, 1e-6 * want);
  pflow_field_step_destroy(step);
  pflow_net_work_destroy(work);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(a_step_takes_fewer_sources) {
  pflow_net *net = planar_net(8, NULL);
  pflow_field_fit_config config = planar_config(1);
  pflow_field_step *step;
  pflow_rng rng, want;
  double loss;
  float y[5 * width];
  pflow_rng_init(&rng, 1, 2);
  want = rng;
  ck_ok(pflow_field_step_create(&step, net, &config));
  ck_ok(pflow_field_step_run(step, net, &(pflow_sources){planar_data(), 5, dim}, &rng,
                             &loss));
  ck_ok(pflow_perturb(&config.perturb, planar_data(), 5, dim, &want, y, NULL));
  ck_assert_uint_eq(rng.position, want.position);
  pflow_field_step_destroy(step);
  pflow_net_destroy(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- the post's network ---- */

START_TEST(the_post_network) {
  static const char *const kinds[] = {"linear", "relu", "linear", "relu", "linear"};
  pflow_net *net;
  ck_ok(pflow_field_net_create(&net, 7, NULL));
  ck_assert_uint_eq(pflow_net_layers(net), 5);
  for (size_t i = 0; i < 5; i++) {
    pflow_layer_info info;
    ck_ok(pflow_net_layer_info(net, i, &info));
    ck_assert_str_eq(info.kind, kinds[i]);
    ck_assert_uint_eq(info.out.dim[0], 8);
  }
  ck_assert_uint_eq(pflow_net_param_size(net), 3 * (8 * 8 + 8));
  pflow_net_destroy(net);
  ck_fails(pflow_field_net_create(NULL, 7, NULL), PFLOW_ENULL, "net is NULL");
  ck_fails(pflow_field_net_create(&net, 0, NULL), PFLOW_EINVAL, "rows of 0 values");
  ck_fails(pflow_field_net_create(&net, SIZE_MAX, NULL), PFLOW_EOVERFLOW, "+ 1");
  ck_assert_ptr_null(net);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* ---- bad input, and failing allocations ---- */

START_TEST(bad_steps_are_named) {
  pflow_net *net = planar_net(8, NULL), *other = planar_net(8, NULL);
  pflow_field_step *step;
  pflow_rng rng;
  double loss;
  const pflow_sources good = {planar_data(), n, dim}, wide = {planar_data(), n, 3};
  const pflow_sources none = {planar_data(), 0, dim}, missing = {NULL, n, dim};
  pflow_rng_init(&rng, 0, 0);
  ck_fails(pflow_field_step_create(NULL, net, NULL), PFLOW_ENULL, "step is NULL");
  ck_fails(pflow_field_step_create(&step, NULL, NULL), PFLOW_ENULL, "net is NULL");
  ck_ok(pflow_field_step_create(&step, net, NULL));
  ck_fails(pflow_field_step_run(NULL, net, &good, &rng, &loss), PFLOW_ENULL, "step is");
  ck_fails(pflow_field_step_run(step, NULL, &good, &rng, &loss), PFLOW_ENULL, "net is");
  ck_fails(pflow_field_step_run(step, net, NULL, &rng, &loss), PFLOW_ENULL, "sources is");
  ck_fails(pflow_field_step_run(step, net, &missing, &rng, &loss), PFLOW_ENULL, "->x");
  ck_fails(pflow_field_step_run(step, net, &good, NULL, &loss), PFLOW_ENULL, "rng is");
  ck_fails(pflow_field_step_run(step, net, &good, &rng, NULL), PFLOW_ENULL, "loss is");
  ck_fails(pflow_field_step_run(step, net, &wide, &rng, &loss), PFLOW_ESHAPE,
           "sources of 3 values, the network wants 2");
  ck_fails(pflow_field_step_run(step, net, &none, &rng, &loss), PFLOW_EINVAL, "0 rows");
  ck_fails(pflow_field_step_run(step, other, &good, &rng, &loss), PFLOW_ESTATE, "");
  pflow_field_step_destroy(step);
  pflow_field_step_destroy(NULL);
  pflow_net_destroy(net);
  pflow_net_destroy(other);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err make_post_net(void *user) {
  pflow_net *net;
  pflow_err rc = pflow_field_net_create(&net, *(size_t *)user, NULL);
  if (rc < 0) ck_assert_ptr_null(net);
  pflow_net_destroy(net);
  return rc;
}

static pflow_err make_step(void *user) {
  pflow_field_step *step;
  pflow_err rc = pflow_field_step_create(&step, user, NULL);
  if (rc < 0) ck_assert_ptr_null(step);
  pflow_field_step_destroy(step);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  size_t four = 4;
  failing_install();
  pflow_net *net = planar_net(8, NULL);
  ck_assert_uint_gt(check_failures(make_step, net), 4);
  pflow_net_destroy(net);
  ck_assert_uint_gt(check_failures(make_post_net, &four), 4);
  failing_remove();
}
END_TEST

int main(void) {
  return run_tests("field_step",
                   TESTS(the_step_leaves_the_gradient, the_step_is_made_of_public_pieces,
                         a_step_takes_fewer_sources, the_post_network,
                         bad_steps_are_named, failing_allocations_leave_nothing));
}
