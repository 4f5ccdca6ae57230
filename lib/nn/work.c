/*
 * work.c - plans a workspace: where each layer's output, input gradient and saved values
 * lie in one block.
 */
#include "nn/net.h"

/* Pieces begin at multiples of the alignment. */
enum { piece = PFLOW_ALIGNMENT / sizeof(float) };

/* Appends per_row * rows + fixed floats to a block of *total; *offset is their place. */
static pflow_err take(size_t *total, size_t *offset, size_t per_row, size_t rows,
                      size_t fixed) {
  const char *what = "a workspace";
  size_t size;
  pf_try(pf_mul(&size, per_row, rows, what));
  pf_try(pf_add(&size, size, fixed, what));
  pf_try(pf_add(&size, size, piece - 1, what));
  *offset = *total;
  return pf_add(total, *total, size - size % piece, what);
}

/*
 * Two buffers that are written in turn, except by layers that work in place. The first
 * layer to write has the caller's array for input, so its buffer is never that input.
 */
typedef struct turns {
  size_t now;
  size_t per_row[2];
} turns;

/* The buffer of the next array of `per_row` values a row. */
static size_t next_buffer(turns *self, bool in_place, size_t per_row) {
  if (!in_place) self->now ^= 1;
  if (self->per_row[self->now] < per_row) self->per_row[self->now] = per_row;
  return self->now;
}

static pflow_err take_both(const turns *self, size_t *total, size_t rows,
                           size_t offset[2]) {
  for (size_t b = 0; b < 2; b++)
    pf_try(take(total, &offset[b], self->per_row[b], rows, 0));
  return PFLOW_OK;
}

/* In prediction only the next layer reads an output. The last goes to the caller. */
static pflow_err plan_prediction(pflow_net_work *work, size_t *total) {
  const pflow_net *net = work->net;
  turns buffers = {0};
  size_t offset[2];
  for (size_t i = 0; i + 1 < net->count; i++) {
    const pf_layer *layer = &net->layer[i];
    work->slot[i].y = next_buffer(&buffers, layer->plan.in_place, layer->out_size);
  }
  pf_try(take_both(&buffers, total, work->max_rows, offset));
  for (size_t i = 0; i + 1 < net->count; i++)
    work->slot[i].y = offset[work->slot[i].y];
  return PFLOW_OK;
}

/* In training every output stays until backward, unless nobody would read it again. */
static pflow_err plan_outputs(pflow_net_work *work, size_t *total) {
  const pf_layer *layer = work->net->layer;
  for (size_t i = 0; i < work->net->count; i++) {
    if (i > 0 && layer[i].plan.in_place && layer[i - 1].plan.ignores_y)
      work->slot[i].y = work->slot[i - 1].y;
    else
      pf_try(take(total, &work->slot[i].y, layer[i].out_size, work->max_rows, 0));
  }
  return PFLOW_OK;
}

/* The gradient that the last layer reads and the one that layer 0 writes are the
 * caller's. */
static pflow_err plan_gradients(pflow_net_work *work, size_t *total) {
  const pflow_net *net = work->net;
  turns buffers = {0};
  size_t offset[2];
  for (size_t i = net->count; i-- > 1;) {
    const pf_layer *layer = &net->layer[i];
    work->slot[i].dx = next_buffer(&buffers, layer->plan.in_place, layer->in_size);
  }
  pf_try(take_both(&buffers, total, work->max_rows, offset));
  for (size_t i = 1; i < net->count; i++)
    work->slot[i].dx = offset[work->slot[i].dx];
  return PFLOW_OK;
}

static pflow_err plan_saved(pflow_net_work *work, size_t *total) {
  for (size_t i = 0; i < work->net->count; i++) {
    const pflow_layer_plan *plan = &work->net->layer[i].plan;
    pf_try(take(total, &work->slot[i].saved, plan->saved_per_row, work->max_rows,
                plan->saved_fixed));
  }
  return PFLOW_OK;
}

/* One scratch for all layers, which run one after another. */
static pflow_err plan_scratch(pflow_net_work *work, size_t *total) {
  size_t end = *total;
  for (size_t i = 0; i < work->net->count; i++) {
    const pflow_layer_plan *plan = &work->net->layer[i].plan;
    size_t own_end = *total;
    pf_try(take(&own_end, &work->scratch, plan->scratch_per_row, work->max_rows,
                plan->scratch_fixed));
    if (end < own_end) end = own_end;
  }
  *total = end;
  return PFLOW_OK;
}

static pflow_err plan_block(pflow_net_work *work, size_t *total) {
  *total = 0;
  if (work->mode == PFLOW_TRAINING) {
    pf_try(plan_outputs(work, total));
    pf_try(plan_gradients(work, total));
    pf_try(plan_saved(work, total));
  } else {
    pf_try(plan_prediction(work, total));
  }
  return plan_scratch(work, total);
}

static pflow_err allocate_block(pflow_net_work *work) {
  size_t floats, bytes;
  pf_try(plan_block(work, &floats));
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
  pflow_err rc = allocate_block(made);
  if (rc < 0) {
    pflow_net_work_destroy(made);
    return rc;
  }
  *work = made;
  return PFLOW_OK;
}

void pflow_net_work_destroy(pflow_net_work *work) {
  if (!work) return;
  pflow_free(work->block);
  pflow_free(work);
}

size_t pflow_net_work_bytes(const pflow_net_work *work) {
  return work ? work->bytes : 0;
}
