/*
 * test_batches.c - the synthetic set, and mini-batches of it: order, crop, flip, threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/suite.h"

static pflow_synthetic_config synthetic_config(size_t n, size_t side) {
  pflow_synthetic_config config;
  pflow_synthetic_config_init(&config);
  config.n = n;
  config.height = config.width = side;
  config.seed = 11;
  return config;
}

static pflow_images *synthetic(size_t n, size_t side) {
  pflow_synthetic_config config = synthetic_config(n, side);
  pflow_images *images;
  ck_ok(pflow_images_create_synthetic(&images, &config));
  return images;
}

static pflow_batches_config batches_config(size_t batch) {
  pflow_batches_config config;
  pflow_batches_config_init(&config);
  config.batch = batch;
  config.seed = 5;
  return config;
}

/* A whole epoch: x and labels of all rows in their order; the number of rows. */
typedef struct epoch_rows {
  float *x;
  int32_t *labels;
  size_t rows, row_size;
} epoch_rows;

static epoch_rows read_epoch(pflow_batches *batches, uint64_t epoch) {
  size_t room = pflow_batches_count(batches) * pflow_batches_rows(batches), n;
  epoch_rows all = {.row_size = pflow_batches_row_size(batches)};
  all.x = calloc(room * all.row_size, sizeof *all.x);
  all.labels = calloc(room, sizeof *all.labels);
  ck_assert(all.x && all.labels);
  for (size_t b = 0; b < pflow_batches_count(batches); b++) {
    ck_ok(pflow_batches_get(batches, epoch, b, all.x + all.rows * all.row_size,
                            all.labels + all.rows, &n));
    ck_assert_uint_le(n, pflow_batches_rows(batches));
    all.rows += n;
  }
  return all;
}

static void free_epoch(epoch_rows *all) {
  free(all->x);
  free(all->labels);
}

static epoch_rows read_with(const pflow_images *images,
                            const pflow_batches_config *config, uint64_t epoch) {
  pflow_batches *batches;
  ck_ok(pflow_batches_create(&batches, images, config));
  epoch_rows all = read_epoch(batches, epoch);
  pflow_batches_destroy(batches);
  return all;
}

static int same_rows(const epoch_rows *a, const epoch_rows *b) {
  return a->rows == b->rows &&
         memcmp(a->x, b->x, a->rows * a->row_size * sizeof *a->x) == 0 &&
         memcmp(a->labels, b->labels, a->rows * sizeof *a->labels) == 0;
}

/* The image whose plain pixels a row shows. */
static size_t find_image(const pflow_images *images, const float *row, size_t size) {
  const unsigned char *pixels = pflow_images_pixels(images);
  for (size_t i = 0; i < pflow_images_count(images); i++) {
    size_t k = 0;
    while (k < size && row[k] == (float)pixels[i * size + k] / 255.0f)
      k++;
    if (k == size) return i;
  }
  ck_abort_msg("a row shows no image");
  return 0;
}

START_TEST(every_image_comes_once_an_epoch) {
  pflow_images *images = synthetic(103, 8);
  pflow_batches_config config = batches_config(10);
  size_t order[2][103];
  for (uint64_t epoch = 0; epoch < 2; epoch++) {
    epoch_rows all = read_with(images, &config, epoch);
    int seen[103] = {0};
    ck_assert_uint_eq(all.rows, 103);
    for (size_t i = 0; i < 103; i++) {
      size_t image = find_image(images, all.x + i * all.row_size, all.row_size);
      ck_assert_int_eq(all.labels[i], pflow_images_labels(images)[image]);
      ck_assert_int_eq(seen[image]++, 0);
      order[epoch][i] = image;
    }
    free_epoch(&all);
  }
  ck_assert(memcmp(order[0], order[1], sizeof order[0]) != 0);
  pflow_images_destroy(images);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(batch_sizes) {
  pflow_images *images = synthetic(103, 4);
  pflow_batches_config config = batches_config(10);
  pflow_batches *batches;
  float x[10 * 48];
  int32_t labels[10];
  size_t n;
  ck_ok(pflow_batches_create(&batches, images, &config));
  ck_assert_uint_eq(pflow_batches_count(batches), 11);
  ck_assert_uint_eq(pflow_batches_rows(batches), 10);
  ck_assert_uint_eq(pflow_batches_row_size(batches), 48);
  ck_assert_uint_eq(pflow_batches_classes(batches), 10);
  ck_ok(pflow_batches_get(batches, 0, 10, x, labels, &n));
  ck_assert_uint_eq(n, 3);
  pflow_batches_destroy(batches);
  config.drop_last = 1;
  ck_ok(pflow_batches_create(&batches, images, &config));
  ck_assert_uint_eq(pflow_batches_count(batches), 10);
  ck_fails(pflow_batches_get(batches, 0, 10, x, labels, &n), PFLOW_EINVAL,
           "batch 10 of an epoch of 10");
  pflow_batches_destroy(batches);
  ck_ok(pflow_batches_create(&batches, images, NULL));
  ck_assert_uint_eq(pflow_batches_count(batches), 1);
  ck_assert_uint_eq(pflow_batches_rows(batches), 103);
  pflow_batches_destroy(batches);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(no_shuffle_keeps_the_order) {
  pflow_images *images = synthetic(25, 8);
  pflow_batches_config config = batches_config(7);
  config.shuffle = 0;
  epoch_rows all = read_with(images, &config, 3);
  for (size_t i = 0; i < 25; i++)
    ck_assert_uint_eq(find_image(images, all.x + i * all.row_size, all.row_size), i);
  free_epoch(&all);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(a_batch_depends_on_seed_epoch_and_index_only) {
  pflow_images *images = synthetic(40, 8);
  pflow_batches_config config = batches_config(16);
  config.crop_pad = 2;
  config.flip = 1;
  epoch_rows first = read_with(images, &config, 7);
  pflow_batches *batches;
  ck_ok(pflow_batches_create(&batches, images, &config));
  epoch_rows other = read_epoch(batches, 3), again = read_epoch(batches, 7);
  ck_assert(same_rows(&first, &again));
  ck_assert(!same_rows(&first, &other));
  float *x = malloc(16 * 192 * sizeof *x);
  int32_t labels[16];
  size_t n;
  ck_ok(pflow_batches_get(batches, 3, 1, x, labels, &n));
  ck_ok(pflow_batches_get(batches, 7, 1, x, labels, &n));
  ck_assert(memcmp(x, first.x + 16 * 192, 16 * 192 * sizeof *x) == 0);
  config.seed++;
  epoch_rows reseeded = read_with(images, &config, 7);
  ck_assert(!same_rows(&first, &reseeded));
  free(x);
  free_epoch(&first);
  free_epoch(&other);
  free_epoch(&again);
  free_epoch(&reseeded);
  pflow_batches_destroy(batches);
  pflow_images_destroy(images);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(threads_change_no_bit) {
  pflow_images *images = synthetic(60, 12);
  pflow_batches_config config = batches_config(50);
  config.crop_pad = 3;
  config.flip = 1;
  epoch_rows rows[3];
  for (size_t threads = 1; threads <= 3; threads++) {
    ck_ok(pflow_pool_create(&config.pool, threads));
    rows[threads - 1] = read_with(images, &config, 1);
    pflow_pool_destroy(config.pool);
  }
  ck_assert(same_rows(&rows[0], &rows[1]) && same_rows(&rows[0], &rows[2]));
  for (size_t i = 0; i < 3; i++)
    free_epoch(&rows[i]);
  pflow_images_destroy(images);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

/* Pixel (c, y, x) of the crop at (top, left) of the padded image, then mirrored. */
static float naive_pixel(const pflow_images *images, size_t image, const size_t at[3],
                         size_t pad, const size_t draw[3]) {
  size_t height = pflow_images_height(images), width = pflow_images_width(images);
  size_t x = draw[2] ? width - 1 - at[2] : at[2];
  long row = (long)(at[1] + draw[0]) - (long)pad, col = (long)(x + draw[1]) - (long)pad;
  if (row < 0 || col < 0 || row >= (long)height || col >= (long)width) return 0.0f;
  size_t place = ((image * pflow_images_channels(images) + at[0]) * height + (size_t)row);
  return (float)pflow_images_pixels(images)[place * width + (size_t)col] / 255.0f;
}

static int shows_draw(const pflow_images *images, size_t image, const float *row,
                      size_t pad, const size_t draw[3]) {
  size_t at[3];
  for (at[0] = 0; at[0] < pflow_images_channels(images); at[0]++)
    for (at[1] = 0; at[1] < pflow_images_height(images); at[1]++)
      for (at[2] = 0; at[2] < pflow_images_width(images); at[2]++)
        if (*row++ != naive_pixel(images, image, at, pad, draw)) return 0;
  return 1;
}

/* The one draw (top, left, mirrored) that explains a row. */
static void find_draw(size_t draw[3], const pflow_images *images, size_t image,
                      const float *row, size_t pad) {
  for (draw[0] = 0; draw[0] <= 2 * pad; draw[0]++)
    for (draw[1] = 0; draw[1] <= 2 * pad; draw[1]++)
      for (draw[2] = 0; draw[2] < 2; draw[2]++)
        if (shows_draw(images, image, row, pad, draw)) return;
  ck_abort_msg("image %zu: the row is no crop of it", image);
}

/*
 * 40 epochs of 100 images: each row is some naive crop and flip of its image; the 25
 * offsets are uniform (chi-square, 24 degrees: 51.2 is the 99.9 % point) and half are
 * mirrored (2000 of 4000, standard deviation 31.6).
 */
START_TEST(crops_and_flips_are_uniform) {
  pflow_images *images = synthetic(100, 6);
  pflow_batches_config config = batches_config(33);
  config.shuffle = 0;
  config.crop_pad = 2;
  config.flip = 1;
  size_t offsets[5][5] = {{0}}, mirrored = 0, draw[3];
  for (uint64_t epoch = 0; epoch < 40; epoch++) {
    epoch_rows all = read_with(images, &config, epoch);
    for (size_t i = 0; i < 100; i++) {
      find_draw(draw, images, i, all.x + i * all.row_size, 2);
      offsets[draw[0]][draw[1]]++;
      mirrored += draw[2];
    }
    free_epoch(&all);
  }
  double chi2 = 0.0;
  for (size_t i = 0; i < 25; i++)
    chi2 += pow((double)offsets[i / 5][i % 5] - 160.0, 2) / 160.0;
  ck_assert_msg(chi2 < 51.2, "chi-square %g", chi2);
  ck_assert_msg(mirrored > 1900 && mirrored < 2100, "%zu of 4000 mirrored", mirrored);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(crop_or_flip_alone) {
  pflow_images *images = synthetic(50, 6);
  pflow_batches_config config = batches_config(50);
  config.shuffle = 0;
  size_t draw[3], moved = 0, mirrored = 0;
  config.flip = 1;
  epoch_rows flipped = read_with(images, &config, 0);
  config.flip = 0;
  config.crop_pad = 5;
  epoch_rows cropped = read_with(images, &config, 0);
  for (size_t i = 0; i < 50; i++) {
    find_draw(draw, images, i, flipped.x + i * flipped.row_size, 0);
    mirrored += draw[2];
    find_draw(draw, images, i, cropped.x + i * cropped.row_size, 5);
    ck_assert_uint_eq(draw[2], 0);
    moved += draw[0] != 5 || draw[1] != 5;
  }
  ck_assert(mirrored > 10 && mirrored < 40 && moved > 40);
  free_epoch(&flipped);
  free_epoch(&cropped);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(bad_batches_are_named) {
  pflow_images *images = synthetic(20, 8);
  pflow_batches *batches;
  pflow_batches_config config = batches_config(0);
  ck_fails(pflow_batches_create(&batches, images, &config), PFLOW_EINVAL, "batch is 0");
  config = batches_config(21);
  config.drop_last = 1;
  ck_fails(pflow_batches_create(&batches, images, &config), PFLOW_EINVAL, "batch is 21");
  config = batches_config(4);
  config.crop_pad = 8;
  ck_fails(pflow_batches_create(&batches, images, &config), PFLOW_EINVAL,
           "crop_pad is 8");
  config.crop_pad = SIZE_MAX / 2;
  ck_fails(pflow_batches_create(&batches, images, &config), PFLOW_EINVAL, "crop_pad");
  config = (pflow_batches_config){0};
  ck_fails(pflow_batches_create(&batches, images, &config), PFLOW_EINVAL, "struct_size");
  ck_fails(pflow_batches_create(&batches, NULL, NULL), PFLOW_ENULL, "images");
  ck_fails(pflow_batches_create(NULL, images, NULL), PFLOW_ENULL, "batches");
  ck_assert_ptr_null(batches);
  pflow_batches_destroy(NULL);
  ck_assert_uint_eq(pflow_batches_count(NULL) + pflow_batches_rows(NULL) +
                        pflow_batches_row_size(NULL) + pflow_batches_classes(NULL),
                    0);
  ck_ok(pflow_batches_create(&batches, images, NULL));
  float x[1];
  int32_t labels[1];
  size_t n;
  ck_fails(pflow_batches_get(NULL, 0, 0, x, labels, &n), PFLOW_ENULL, "batches");
  ck_fails(pflow_batches_get(batches, 0, 0, NULL, labels, &n), PFLOW_ENULL, "x");
  ck_fails(pflow_batches_get(batches, 0, 0, x, NULL, &n), PFLOW_ENULL, "labels");
  ck_fails(pflow_batches_get(batches, 0, 0, x, labels, NULL), PFLOW_ENULL, "n");
  ck_fails(pflow_batches_get(batches, 0, 1, x, labels, &n), PFLOW_EINVAL, "batch 1");
  pflow_batches_destroy(batches);
  pflow_images_destroy(images);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

static pflow_err make_batches(void *user) {
  pflow_batches *batches;
  pflow_err rc = pflow_batches_create(&batches, user, NULL);
  ck_assert((rc == PFLOW_OK) == (batches != NULL));
  pflow_batches_destroy(batches);
  return rc;
}

static pflow_err make_synthetic(void *user) {
  pflow_images *images;
  pflow_err rc = pflow_images_create_synthetic(&images, user);
  ck_assert((rc == PFLOW_OK) == (images != NULL));
  pflow_images_destroy(images);
  return rc;
}

static pflow_err make_copy(void *user) {
  pflow_images *images;
  pflow_err rc = pflow_images_take(&images, user, 3);
  pflow_images_destroy(images);
  return rc;
}

START_TEST(failing_allocations_leave_nothing) {
  failing_install();
  pflow_images *images = synthetic(8, 4);
  pflow_synthetic_config config = synthetic_config(3, 4);
  ck_assert_uint_eq(check_failures(make_batches, images), 2);
  ck_assert_uint_eq(check_failures(make_synthetic, &config), 4);
  ck_assert_uint_eq(check_failures(make_copy, images), 3);
  pflow_images_destroy(images);
  failing_remove();
}
END_TEST

/* Share of test images whose nearest class mean of the training images is theirs. */
static double nearest_mean_accuracy(const pflow_images *train, const pflow_images *test) {
  size_t n = pflow_images_count(test), dim = 3 * 32 * 32, right = 0;
  const unsigned char *pixels = pflow_images_pixels(train);
  double *mean = calloc(10 * dim, sizeof *mean);
  ck_assert(mean != NULL);
  for (size_t i = 0; i < pflow_images_count(train); i++)
    for (size_t k = 0; k < dim; k++)
      mean[i % 10 * dim + k] +=
          pixels[i * dim + k] * 10.0 / (double)pflow_images_count(train);
  pixels = pflow_images_pixels(test);
  for (size_t i = 0; i < n; i++) {
    double best = INFINITY;
    size_t nearest = 0;
    for (size_t c = 0; c < 10; c++) {
      double sum = 0.0;
      for (size_t k = 0; k < dim; k++)
        sum += pow(pixels[i * dim + k] - mean[c * dim + k], 2);
      if (sum < best) nearest = c;
      if (sum < best) best = sum;
    }
    right += (int32_t)nearest == pflow_images_labels(test)[i];
  }
  free(mean);
  return (double)right / (double)n;
}

/*
 * Means of one split recognise the other, so both share the patterns. Chance is 0.1; 600
 * test rows put 0.2 eight standard deviations above it.
 */
START_TEST(synthetic_set_is_learnable_but_not_trivial) {
  pflow_synthetic_config config = synthetic_config(1000, 32);
  pflow_images *train, *test;
  ck_ok(pflow_images_create_synthetic(&train, &config));
  config.split = PFLOW_TEST;
  config.n = 600;
  ck_ok(pflow_images_create_synthetic(&test, &config));
  for (size_t i = 0; i < 600; i++)
    ck_assert_int_eq(pflow_images_labels(test)[i], (int32_t)(i % 10));
  ck_assert(memcmp(pflow_images_pixels(train), pflow_images_pixels(test), 3072) != 0);
  double accuracy = nearest_mean_accuracy(train, test);
  ck_assert_msg(accuracy > 0.2 && accuracy < 0.8, "accuracy %g", accuracy);
  pflow_images_destroy(train);
  pflow_images_destroy(test);
}
END_TEST

static int same_pixels(const pflow_images *a, const pflow_images *b, size_t n,
                       size_t size) {
  return memcmp(pflow_images_pixels(a), pflow_images_pixels(b), n * size) == 0;
}

START_TEST(synthetic_set_depends_on_its_seed_only) {
  pflow_synthetic_config config = synthetic_config(20, 9);
  pflow_images *first, *longer, *reseeded;
  ck_ok(pflow_images_create_synthetic(&first, &config));
  config.n = 33;
  ck_ok(pflow_images_create_synthetic(&longer, &config));
  config.seed++;
  ck_ok(pflow_images_create_synthetic(&reseeded, &config));
  ck_assert(same_pixels(first, longer, 20, 243));
  ck_assert(!same_pixels(first, reseeded, 1, 243));
  pflow_images_destroy(first);
  pflow_images_destroy(longer);
  pflow_images_destroy(reseeded);
  ck_assert_uint_eq(pflow_live_blocks(), 0);
}
END_TEST

START_TEST(bad_synthetic_settings_are_named) {
  pflow_images *images;
  pflow_synthetic_config config;
#define WITH(field, value, code, text)                                                   \
  config = synthetic_config(10, 8);                                                      \
  config.field = value;                                                                  \
  ck_fails(pflow_images_create_synthetic(&images, &config), code, text);                 \
  ck_assert_ptr_null(images)
  WITH(n, 0, PFLOW_EINVAL, "0 images");
  WITH(n, SIZE_MAX / 4, PFLOW_EOVERFLOW, "pixels");
  WITH(classes, 0, PFLOW_EINVAL, "0 classes");
  WITH(classes, (size_t)1 << 31, PFLOW_EINVAL, "2147483648 classes");
  WITH(channels, 0, PFLOW_EINVAL, "0 x 8 x 8");
  WITH(height, 0, PFLOW_EINVAL, "3 x 0 x 8");
  WITH(width, 0, PFLOW_EINVAL, "3 x 8 x 0");
  WITH(width, SIZE_MAX, PFLOW_EOVERFLOW, "image size");
  WITH(noise, -0.5, PFLOW_EINVAL, "noise is -0.5");
  WITH(noise, NAN, PFLOW_EINVAL, "noise is");
  WITH(noise, INFINITY, PFLOW_EINVAL, "noise is inf");
  WITH(split, (pflow_split)7, PFLOW_EINVAL, "split is 7");
  WITH(struct_size, 3, PFLOW_EINVAL, "struct_size is 3");
#undef WITH
  ck_fails(pflow_images_create_synthetic(NULL, NULL), PFLOW_ENULL, "images");
  ck_ok(pflow_images_create_synthetic(&images, NULL));
  ck_assert_uint_eq(pflow_images_count(images), 1000);
  pflow_images_destroy(images);
}
END_TEST

int main(void) {
  return run_tests(
      "batches",
      TESTS(every_image_comes_once_an_epoch, batch_sizes, no_shuffle_keeps_the_order,
            a_batch_depends_on_seed_epoch_and_index_only, threads_change_no_bit,
            crops_and_flips_are_uniform, crop_or_flip_alone, bad_batches_are_named,
            failing_allocations_leave_nothing, synthetic_set_is_learnable_but_not_trivial,
            synthetic_set_depends_on_its_seed_only, bad_synthetic_settings_are_named));
}
