/*
 * batches.c - mini-batches as a pure function of seed, epoch and index.
 *
 * Streams are numbered from the top, so that they meet none that a program numbers from 0
 * for the same seed.
 */
#include "data/augment.h"

struct pflow_batches {
  const pflow_images *images;
  pflow_pool *pool;
  size_t batch, count;
  pf_augment augment;
  uint64_t seed, view;
  size_t *order;  /* of the epoch below; NULL without shuffling */
  uint64_t epoch; /* meaningful once ordered */
  bool ordered;
};

/* Half-widths above 1 would turn factors negative. */
static pflow_err check_colours(const pflow_batches_config *config,
                               const pflow_images *images) {
  const struct {
    const char *name;
    double value;
  } setting[] = {{"brightness", config->brightness},
                 {"contrast", config->contrast},
                 {"saturation", config->saturation},
                 {"grey", config->grey}};
  for (size_t i = 0; i < sizeof setting / sizeof *setting; i++) {
    const double value = setting[i].value;
    pf_try(
        pf_check_setting(value >= 0.0 && value <= 1.0, setting[i].name, value, "0 to 1"));
    if (value > 0.0 && images->channels != 1 && images->channels != 3)
      return pf_fail(PFLOW_EINVAL, "%s is %g: images of %zu channels, wants 1 or 3",
                     setting[i].name, value, images->channels);
  }
  return PFLOW_OK;
}

static pflow_err check_config(const pflow_batches_config *config,
                              const pflow_images *images) {
  size_t side = images->height < images->width ? images->height : images->width;
  if (config->batch == 0) return pf_fail(PFLOW_EINVAL, "batch is 0, wants 1 or more");
  if (config->drop_last && config->batch > images->n)
    return pf_fail(PFLOW_EINVAL, "batch is %zu: with drop_last %zu images fill none",
                   config->batch, images->n);
  if (config->crop_pad >= side)
    return pf_fail(PFLOW_EINVAL, "crop_pad is %zu, wants less than the image's side %zu",
                   config->crop_pad, side);
  pf_try(pf_check_setting(config->crop_area >= 0.0 && config->crop_area <= 1.0,
                          "crop_area", config->crop_area, "0 to 1"));
  if (config->crop_area > 0.0 && config->crop_pad > 0)
    return pf_fail(PFLOW_EINVAL,
                   "crop_area is %g and crop_pad %zu: one crop or the other",
                   config->crop_area, config->crop_pad);
  return check_colours(config, images);
}

pflow_err pflow_batches_create(pflow_batches **batches, const pflow_images *images,
                               const pflow_batches_config *config) {
  pf_need(batches);
  *batches = NULL;
  pf_need(images);
  pflow_batches_config full;
  pflow_batches_config_init(&full);
  pf_try(pf_config_read(&full, sizeof full, config, "pflow_batches_config"));
  pf_try(check_config(&full, images));
  pflow_batches *made;
  pf_try(pf_alloc(&made, 1, sizeof *made));
  made->images = images;
  made->pool = full.pool;
  made->batch = full.batch < images->n ? full.batch : images->n;
  made->count = images->n / made->batch;
  if (!full.drop_last && images->n % made->batch != 0) made->count++;
  made->augment = (pf_augment){
      .pad = full.crop_pad,
      .area = full.crop_area,
      .flip = full.flip != 0,
      .colour = {full.brightness, full.contrast, full.saturation, full.grey}};
  made->seed = full.seed;
  made->view = full.view;
  pflow_err rc =
      full.shuffle ? pf_alloc(&made->order, images->n, sizeof(size_t)) : PFLOW_OK;
  if (rc < 0) {
    pflow_batches_destroy(made);
    return rc;
  }
  *batches = made;
  return PFLOW_OK;
}

void pflow_batches_destroy(pflow_batches *batches) {
  if (!batches) return;
  pflow_free(batches->order);
  pflow_free(batches);
}

size_t pflow_batches_count(const pflow_batches *batches) {
  return batches ? batches->count : 0;
}

size_t pflow_batches_rows(const pflow_batches *batches) {
  return batches ? batches->batch : 0;
}

size_t pflow_batches_row_size(const pflow_batches *batches) {
  return batches ? batches->images->size : 0;
}

size_t pflow_batches_classes(const pflow_batches *batches) {
  return batches ? batches->images->classes : 0;
}

static void order_epoch(pflow_batches *self, uint64_t epoch) {
  if (!self->order || (self->ordered && self->epoch == epoch)) return;
  pflow_rng rng;
  pflow_rng_init(&rng, self->seed, ~(2 * epoch));
  pflow_rng_permutation(&rng, self->order, self->images->n);
  self->epoch = epoch;
  self->ordered = true;
}

/* One pflow_batches_get, shared by the threads that fill its rows. */
typedef struct batch_job {
  const pflow_batches *batches;
  pflow_rng rng; /* at the beginning of the epoch's stream of draws */
  size_t first;  /* place of row 0 in the epoch's order */
  float *x;
  int32_t *labels;
} batch_job;

static int fill_rows(size_t begin, size_t end, void *user) {
  const batch_job *job = user;
  const pflow_batches *self = job->batches;
  for (size_t row = begin; row < end; row++) {
    size_t place = job->first + row;
    size_t index = self->order ? self->order[place] : place;
    pflow_rng rng = job->rng;
    rng.position = (self->view * self->images->n + place) * pf_augment_words;
    pf_augment_row(job->x + row * self->images->size, self->images, index, &self->augment,
                   &rng);
    job->labels[row] = self->images->labels[index];
  }
  return 0;
}

pflow_err pflow_batches_get(pflow_batches *batches, uint64_t epoch, size_t index,
                            float *x, int32_t *labels, size_t *n) {
  pf_need(batches);
  pf_need(x);
  pf_need(labels);
  pf_need(n);
  if (index >= batches->count)
    return pf_fail(PFLOW_EINVAL, "batch %zu of an epoch of %zu", index, batches->count);
  order_epoch(batches, epoch);
  batch_job job = {
      .batches = batches, .first = index * batches->batch, .x = x, .labels = labels};
  pflow_rng_init(&job.rng, batches->seed, ~(2 * epoch + 1));
  size_t left = batches->images->n - job.first;
  *n = left < batches->batch ? left : batches->batch;
  return pflow_parallel_for(batches->pool, *n, 8, fill_rows, &job);
}
