/*
 * work.c - plans a workspace: when each array of a pass is needed, and where it lies.
 *
 * In training the forward of layer i of n is time i and its backward time 2n - 1 - i; in
 * prediction layer i is time i.
 */
#include "nn/arena.h"
#include "nn/fused.h"

/* Arrays begin at multiples of the alignment. */
enum { piece = PFLOW_ALIGNMENT / sizeof(float), arrays_of_layer = 5 };

/* While planning, slots hold numbers of lives; then their offsets. */
typedef struct planner {
  pflow_net_work *work;
  const pf_layer *layer;
  size_t layers;
  pf_life *life;
  size_t count;
} planner;

/* An array of per_row * rows + fixed floats, needed from time first to time last. */
static pflow_err add_life(planner *p, size_t per_row, size_t fixed, size_t first,
                          size_t last, size_t *slot) {
  const char *what = "a workspace";
  size_t floats;
  pf_try(pf_mul(&floats, per_row, p->work->max_rows, what));
  pf_try(pf_add(&floats, floats, fixed, what));
  pf_try(pf_add(&floats, floats, piece - 1, what));
  *slot = p->count++;
  p->life[*slot] = (pf_life){floats - floats % piece, first, last, 0};
  return PFLOW_OK;
}

/* The array of a slot serves a second use, until time last. */
static void share_life(planner *p, size_t of, size_t last, size_t *slot) {
  pf_life *life = &p->life[of];
  if (life->last < last) life->last = last;
  *slot = of;
}

static size_t backward_time(const planner *p, size_t layer) {
  return 2 * p->layers - 1 - layer;
}

/* ---- training ---- */

static bool reads_x(const pf_layer *layer) {
  return !layer->plan.ignores_x && !layer->plan.in_place;
}

static bool reads_y(const pf_layer *layer) {
  return !layer->plan.ignores_y && !layer->absorbed;
}

/* The last time that an output is needed; the caller may look at the last one after
 * backward, too. */
static size_t output_end(const planner *p, size_t i) {
  if (i + 1 == p->layers) return backward_time(p, 0);
  if (reads_y(&p->layer[i])) return backward_time(p, i);
  if (reads_x(&p->layer[i + 1])) return backward_time(p, i + 1);
  return i + 1;
}

/* Whether no backward reads the output of a layer, nor, where a ReLU shares it, that of
 * the layer that rectifies. */
static bool output_is_free(const pf_layer *layer) {
  return layer->absorbed ? !reads_y(layer - 1) : !reads_y(layer);
}

static pflow_err plan_output(planner *p, size_t i) {
  pf_slot *slot = p->work->slot;
  const pf_layer *layer = &p->layer[i];
  const size_t end = output_end(p, i);
  const bool over_x = i > 0 && layer->plan.in_place && output_is_free(layer - 1);
  if (layer->absorbed || over_x) {
    share_life(p, slot[i - 1].y, end, &slot[i].y);
    return PFLOW_OK;
  }
  return add_life(p, layer->out_size, 0, i, end, &slot[i].y);
}

/* The gradient that the last layer reads and the one that layer 0 writes are the
 * caller's. */
static pflow_err plan_gradient(planner *p, size_t i) {
  pf_slot *slot = p->work->slot;
  const pflow_layer_plan *plan = &p->layer[i].plan;
  const size_t now = backward_time(p, i);
  if (i + 1 < p->layers && (plan->in_place || plan->dx_over_dy)) {
    share_life(p, slot[i + 1].dx, now + 1, &slot[i].dx);
    return PFLOW_OK;
  }
  return add_life(p, p->layer[i].in_size, 0, now, now + 1, &slot[i].dx);
}

static pflow_err plan_own(planner *p, size_t i) {
  pf_slot *slot = &p->work->slot[i];
  const pflow_layer_plan *plan = &p->layer[i].plan;
  const size_t back = backward_time(p, i);
  pf_try(add_life(p, plan->saved_per_row, plan->saved_fixed, i, back, &slot->saved));
  pf_try(add_life(p, plan->scratch_per_row, plan->scratch_fixed, i, i,
                  &slot->forward_scratch));
  size_t backward;
  pf_try(pf_add(&backward, plan->scratch_fixed, plan->backward_scratch, "scratch"));
  return add_life(p, plan->scratch_per_row, backward, back, back,
                  &slot->backward_scratch);
}

static pflow_err plan_training(planner *p) {
  for (size_t i = 0; i < p->layers; i++)
    pf_try(plan_output(p, i));
  for (size_t i = p->layers; i-- > 1;)
    pf_try(plan_gradient(p, i));
  for (size_t i = 0; i < p->layers; i++)
    pf_try(plan_own(p, i));
  return PFLOW_OK;
}

/* ---- prediction ---- */

/* Only the next layer reads an output. The last goes to the caller. */
static pflow_err plan_prediction(planner *p) {
  pf_slot *slot = p->work->slot;
  for (size_t i = 0; i < p->layers; i++) {
    const pflow_layer_plan *plan = &p->layer[i].plan;
    pf_try(add_life(p, plan->scratch_per_row, plan->scratch_fixed, i, i,
                    &slot[i].forward_scratch));
    if (i + 1 == p->layers) break;
    if (i > 0 && plan->in_place)
      share_life(p, slot[i - 1].y, i + 1, &slot[i].y);
    else
      pf_try(add_life(p, p->layer[i].out_size, 0, i, i + 1, &slot[i].y));
  }
  return PFLOW_OK;
}

/* ---- the workspace ---- */

/* From numbers of lives to their offsets; a slot that has no life is never used. */
static void settle_slots(planner *p) {
  for (size_t i = 0; i < p->layers; i++) {
    pf_slot *slot = &p->work->slot[i];
    size_t *const places[arrays_of_layer] = {&slot->y, &slot->dx, &slot->saved,
                                             &slot->forward_scratch,
                                             &slot->backward_scratch};
    for (size_t k = 0; k < arrays_of_layer; k++)
      *places[k] = p->life[*places[k]].offset;
  }
}

static pflow_err plan_block(planner *p, size_t *floats) {
  pf_try(p->work->mode == PFLOW_TRAINING ? plan_training(p) : plan_prediction(p));
  pf_try(pf_arena_place(p->life, p->count, floats));
  settle_slots(p);
  return PFLOW_OK;
}

static pflow_err allocate_fused(pflow_net_work *work) {
  size_t bytes;
  if (pf_fused_layers(work->net) == 0) return PFLOW_OK;
  pf_try(pf_fused_create(&work->fused, work->net, work->max_rows, &bytes));
  return pf_add(&work->bytes, work->bytes, bytes, "a workspace");
}

/* Prediction that is fused from end to end has the room that it needs. */
static pflow_err allocate_block(pflow_net_work *work) {
  if (work->mode == PFLOW_INFERENCE && pf_fused_whole(work)) return PFLOW_OK;
  planner p = {.work = work, .layer = work->net->layer, .layers = work->net->count};
  size_t floats, bytes;
  pf_try(pf_alloc(&p.life, p.layers, arrays_of_layer * sizeof *p.life));
  pflow_err rc = plan_block(&p, &floats);
  pflow_free(p.life);
  pf_try(rc);
  pf_try(pf_mul(&bytes, floats, sizeof(float), "a workspace"));
  pf_try(pf_add(&work->bytes, work->bytes, bytes, "a workspace"));
  return pf_alloc(&work->block, floats, sizeof(float));
}

pflow_err pflow_net_work_create(pflow_net_work **work, const pflow_net *net,
                                size_t max_rows, pflow_mode mode) {
  pf_need(work);
  *work = NULL;
  pf_need(net);
  if (!net->built) return pf_fail(PFLOW_ESTATE, "a workspace before build");
  if (max_rows == 0) return pf_fail(PFLOW_EINVAL, "a workspace of 0 rows");
  pf_try(pf_check_setting(mode == PFLOW_INFERENCE || mode == PFLOW_TRAINING, "mode", mode,
                          "a pflow_mode"));
  pflow_net_work *made;
  size_t size = sizeof *made + net->count * sizeof *made->slot;
  pf_try(pf_alloc(&made, 1, size));
  made->net = net;
  made->max_rows = max_rows;
  made->mode = mode;
  made->bytes = size;
  pflow_err rc = allocate_fused(made);
  if (rc >= 0) rc = allocate_block(made);
  if (rc < 0) {
    pflow_net_work_destroy(made);
    return rc;
  }
  *work = made;
  return PFLOW_OK;
}

void pflow_net_work_destroy(pflow_net_work *work) {
  if (!work) return;
  pf_fused_destroy(work->fused);
  pflow_free(work->block);
  pflow_free(work);
}

size_t pflow_net_work_bytes(const pflow_net_work *work) {
  return work ? work->bytes : 0;
}
