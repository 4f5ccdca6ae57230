/*
 * test_augment.c - resized crops, colours and views of mini-batches: images whose changes
 * have a closed form.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

enum { side = 16, size = side * side, count = 400 };

/* The value of a pixel of channel c. */
typedef unsigned char (*pixel_fn)(size_t image, size_t c, size_t y, size_t x);

static pflow_images *draw(size_t channels, pixel_fn pixel) {
  unsigned char *pixels = malloc(count * channels * size), *at = pixels;
  static int32_t labels[count];
  pflow_images *images;
  ck_assert(pixels != NULL);
  for (size_t i = 0; i < count; i++) {
    labels[i] = (int32_t)(i % 7);
    for (size_t c = 0; c < channels; c++)
      for (size_t k = 0; k < size; k++)
        *at++ = pixel(i, c, k / side, k % side);
  }
  ck_ok(pflow_images_create(&images, pixels, labels, count,
                            (size_t[]){channels, side, side}, 7));
  free(pixels);
  return images;
}

/* Channel 0 rises to the right, 1 downwards, 2 is the image's own. */
static unsigned char ramps(size_t image, size_t c, size_t y, size_t x) {
  return (unsigned char)(c == 0 ? 10 * x : c == 1 ? 10 * y : image % 256);
}

/* Two halves of different colours, no component near 0 or 255. */
static unsigned char halves(size_t image, size_t c, size_t y, size_t x) {
  (void)image;
  (void)y;
  return (unsigned char)(x < side / 2 ? 90 + 10 * c : 140 - 15 * c);
}

static unsigned char noise(size_t image, size_t c, size_t y, size_t x) {
  return (unsigned char)((image * 131 + c * 71 + y * 37 + x * 101) * 2654435761u >> 13);
}

static unsigned char grey_noise(size_t image, size_t c, size_t y, size_t x) {
  (void)c;
  return noise(image, 0, y, x);
}

static pflow_batches_config plain(void) {
  pflow_batches_config config;
  pflow_batches_config_init(&config);
  config.batch = count;
  config.shuffle = 0;
  config.seed = 21;
  return config;
}

/* All images as a config gives them; free with free(). */
static float *rows_of(const pflow_images *images, const pflow_batches_config *config,
                      int32_t labels[count]) {
  pflow_batches *batches;
  int32_t own[count];
  size_t n;
  float *x = malloc(count * pflow_images_channels(images) * size * sizeof *x);
  ck_assert(x != NULL);
  ck_ok(pflow_batches_create(&batches, images, config));
  ck_ok(pflow_batches_get(batches, 3, 0, x, labels ? labels : own, &n));
  ck_assert_uint_eq(n, count);
  pflow_batches_destroy(batches);
  return x;
}

static float grey_of(const float *image, size_t k) {
  return 0.299f * image[k] + 0.587f * image[size + k] + 0.114f * image[2 * size + k];
}

/* ---- the resized crop ---- */

/*
 * A part of the ramps is again ramps: their steps are the sides' shares, their beginnings
 * its place. Where the part ends at the image's edge, half a pixel may be clamped.
 */
START_TEST(a_resized_crop_is_a_part_of_the_image) {
  pflow_images *images = draw(3, ramps);
  pflow_batches_config config = plain();
  config.crop_area = 0.2;
  float *x = rows_of(images, &config, NULL);
  double least = 1.0, most = 0.0, mean = 0.0, lefts = 0.0;
  for (size_t i = 0; i < count; i++) {
    const float *across = x + i * 3 * size, *down = across + size, *own = down + size;
    double step[2] = {(across[10] - across[5]) * 25.5 / 5,
                      (down[10 * side] - down[5 * side]) * 25.5 / 5};
    double left = across[5] * 25.5 - 5 * step[0] - 0.5 * step[0] + 0.5;
    for (size_t k = 0; k < size; k++) {
      double want = across[5] * 25.5 + step[0] * ((double)(k % side) - 5.0);
      ck_assert_float_eq_tol(across[k], (float)(fmin(fmax(want, 0), 15) / 25.5), 2e-5f);
      want = down[5 * side] * 25.5 + step[1] * ((double)(k / side) - 5.0);
      ck_assert_float_eq_tol(down[k], (float)(fmin(fmax(want, 0), 15) / 25.5), 2e-5f);
      ck_assert_float_eq_tol(own[k], (float)(i % 256) / 255.0f, 1e-6f);
    }
    const double area = step[0] * step[1], ratio = step[0] / step[1];
    ck_assert(step[0] <= 1.0 + 1e-4 && step[1] <= 1.0 + 1e-4);
    ck_assert(ratio > 0.75 - 1e-3 && ratio < 4.0 / 3.0 + 1e-3);
    ck_assert(left > -1e-3 && left + side * step[0] < side + 1e-3);
    least = fmin(least, area);
    most = fmax(most, area);
    mean += area / count;
    if (step[0] < 0.99) lefts += left / (side - side * step[0]) / count;
  }
  ck_assert_msg(least > 0.2 - 1e-3 && least < 0.25 && most > 0.9, "areas %g to %g", least,
                most);
  /* 0.6 but for sides cut at the image's; 400 places of mean 1/2. */
  ck_assert_msg(mean > 0.53 && mean < 0.63, "mean area %g", mean);
  ck_assert_msg(lefts > 0.4 && lefts < 0.58, "mean place %g", lefts);
  free(x);
  pflow_images_destroy(images);
}
END_TEST

/* The whole image, where the stretch leaves it whole, is the image. */
START_TEST(a_crop_of_everything_only_stretches) {
  pflow_images *images = draw(3, ramps);
  pflow_batches_config config = plain();
  config.crop_area = 1.0;
  float *x = rows_of(images, &config, NULL), *y;
  for (size_t i = 0; i < count; i++) {
    const float *across = x + i * 3 * size, *down = across + size;
    const double width = (across[10] - across[5]) * 25.5 / 5;
    const double height = (down[10 * side] - down[5 * side]) * 25.5 / 5;
    ck_assert(fmax(width, height) > 1.0 - 1e-4); /* one side is whole */
    ck_assert(fmin(width, height) > sqrt(0.75) - 1e-4);
  }
  config.crop_area = 0.0;
  config.view = 5;
  y = rows_of(images, &config, NULL);
  for (size_t i = 0; i < count * 3 * size; i++)
    ck_assert(y[i] == (float)pflow_images_pixels(images)[i] / 255.0f);
  free(x);
  free(y);
  pflow_images_destroy(images);
}
END_TEST

/* ---- colours ---- */

/* Factors f uniform in 1 - half to 1 + half: range, mean and mean square. */
static void check_factors(const double factor[count], double half) {
  double sum = 0.0, squares = 0.0;
  for (size_t i = 0; i < count; i++) {
    ck_assert_msg(fabs(factor[i] - 1.0) < half + 1e-4, "factor %g", factor[i]);
    sum += (factor[i] - 1.0) / half / count;
    squares += pow((factor[i] - 1.0) / half, 2) / count;
  }
  /* Standard deviations 0.029 and 0.015. */
  ck_assert_msg(fabs(sum) < 0.09 && fabs(squares - 1.0 / 3) < 0.05, "%g, %g", sum,
                squares);
}

START_TEST(brightness_scales) {
  pflow_images *images = draw(3, halves);
  pflow_batches_config config = plain();
  double factor[count];
  float *before = rows_of(images, &config, NULL);
  config.brightness = 0.4;
  float *x = rows_of(images, &config, NULL);
  for (size_t i = 0; i < count; i++) {
    factor[i] = x[i * 3 * size] / before[i * 3 * size];
    for (size_t k = i * 3 * size; k < (i + 1) * 3 * size; k++)
      ck_assert_float_eq_tol(x[k], (float)(factor[i] * before[k]), 1e-6f);
  }
  check_factors(factor, 0.4);
  free(x);
  free(before);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(contrast_keeps_the_mean_grey) {
  pflow_images *images = draw(3, halves);
  pflow_batches_config config = plain();
  double factor[count];
  float *before = rows_of(images, &config, NULL);
  config.contrast = 0.4;
  float *x = rows_of(images, &config, NULL);
  for (size_t i = 0; i < count; i++) {
    const float *from = before + i * 3 * size, *to = x + i * 3 * size;
    double mean = 0.0, mean_to = 0.0;
    for (size_t k = 0; k < size; k++) {
      mean += grey_of(from, k) / size;
      mean_to += grey_of(to, k) / size;
    }
    ck_assert_double_eq_tol(mean_to, mean, 1e-6);
    factor[i] = (to[0] - to[side - 1]) / (from[0] - from[side - 1]);
    for (size_t k = 0; k < 3 * size; k++)
      ck_assert_float_eq_tol(to[k], (float)(mean + factor[i] * (from[k] - mean)), 1e-5f);
  }
  check_factors(factor, 0.4);
  free(x);
  free(before);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(saturation_keeps_every_grey) {
  pflow_images *images = draw(3, halves);
  pflow_batches_config config = plain();
  double factor[count];
  float *before = rows_of(images, &config, NULL);
  config.saturation = 0.8;
  float *x = rows_of(images, &config, NULL);
  for (size_t i = 0; i < count; i++) {
    const float *from = before + i * 3 * size, *to = x + i * 3 * size;
    factor[i] = (to[2 * size] - to[0]) / (from[2 * size] - from[0]);
    for (size_t k = 0; k < size; k++) {
      const float grey = grey_of(from, k);
      ck_assert_float_eq_tol(grey_of(to, k), grey, 1e-6f);
      for (size_t c = 0; c < 3; c++)
        ck_assert_float_eq_tol(to[c * size + k],
                               grey + (float)factor[i] * (from[c * size + k] - grey),
                               1e-5f);
    }
  }
  check_factors(factor, 0.8);
  free(x);
  free(before);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(grey_comes_with_its_probability) {
  pflow_images *images = draw(3, halves);
  pflow_batches_config config = plain();
  float *before = rows_of(images, &config, NULL);
  config.grey = 0.2;
  float *x = rows_of(images, &config, NULL);
  size_t greys = 0;
  for (size_t i = 0; i < count; i++) {
    const float *from = before + i * 3 * size, *to = x + i * 3 * size;
    const int grey = to[0] == to[size];
    greys += (size_t)grey;
    for (size_t k = 0; k < 3 * size; k++)
      ck_assert_float_eq_tol(to[k], grey ? grey_of(from, k % size) : from[k], 1e-6f);
  }
  ck_assert_msg(greys > 55 && greys < 105, "%zu of 400 grey", greys); /* 80, sd 8 */
  config.grey = 1.0;
  float *all = rows_of(images, &config, NULL);
  for (size_t i = 0; i < count; i++)
    ck_assert(memcmp(all + i * 3 * size, all + i * 3 * size + size, size * 4) == 0 &&
              memcmp(all + i * 3 * size, all + i * 3 * size + 2 * size, size * 4) == 0);
  free(all);
  free(x);
  free(before);
  pflow_images_destroy(images);
}
END_TEST

/* The grey of a grey image is itself, whatever its saturation. */
START_TEST(grey_images_stay_as_they_are) {
  pflow_images *three = draw(3, grey_noise), *one = draw(1, grey_noise);
  pflow_batches_config config = plain();
  float *before = rows_of(three, &config, NULL), *single = rows_of(one, &config, NULL);
  config.grey = 0.5;
  config.saturation = 1.0;
  float *after = rows_of(three, &config, NULL), *alone = rows_of(one, &config, NULL);
  for (size_t i = 0; i < count * 3 * size; i++)
    ck_assert_float_eq_tol(after[i], before[i], 1e-6f);
  ck_assert(memcmp(single, alone, count * size * sizeof *single) == 0);
  free(before);
  free(single);
  free(after);
  free(alone);
  pflow_images_destroy(three);
  pflow_images_destroy(one);
}
END_TEST

START_TEST(values_stay_between_0_and_1) {
  pflow_images *images = draw(3, noise);
  pflow_batches_config config = plain();
  config.crop_area = 0.1;
  config.flip = 1;
  config.brightness = config.contrast = config.saturation = 1.0;
  config.grey = 0.3;
  float *x = rows_of(images, &config, NULL), least = 1.0f, most = 0.0f;
  for (size_t i = 0; i < count * 3 * size; i++) {
    ck_assert(x[i] >= 0.0f && x[i] <= 1.0f);
    least = fminf(least, x[i]);
    most = fmaxf(most, x[i]);
  }
  ck_assert(least == 0.0f && most == 1.0f);
  free(x);
  pflow_images_destroy(images);
}
END_TEST

/* ---- views ---- */

static pflow_batches_config everything(void) {
  pflow_batches_config config = plain();
  config.shuffle = 1;
  config.crop_area = 0.3;
  config.flip = 1;
  config.brightness = config.contrast = config.saturation = 0.4;
  config.grey = 0.2;
  return config;
}

/* Channel 2 of the ramps is the image's number, whatever the crop. */
START_TEST(views_show_the_same_images_otherwise) {
  pflow_images *images = draw(3, ramps);
  pflow_batches_config config = plain();
  config.shuffle = 1;
  config.crop_area = 0.3;
  config.flip = 1;
  int32_t labels[2][count];
  float *first = rows_of(images, &config, labels[0]);
  config.view = 1;
  float *second = rows_of(images, &config, labels[1]);
  size_t mirrored = 0;
  ck_assert_mem_eq(labels[0], labels[1], sizeof labels[0]);
  for (size_t i = 0; i < count; i++) {
    const float *a = first + i * 3 * size, *b = second + i * 3 * size;
    ck_assert_float_eq_tol(a[2 * size], b[2 * size], 1e-6f);
    ck_assert(memcmp(a, b, size * sizeof *a) != 0);
    mirrored += (a[side - 1] > a[0]) != (b[side - 1] > b[0]);
  }
  ck_assert_msg(mirrored > 160 && mirrored < 240, "%zu of 400 flips differ", mirrored);
  free(first);
  free(second);
  pflow_images_destroy(images);
}
END_TEST

/* One augmentation more leaves the others' numbers alone. */
START_TEST(augmentations_are_independent) {
  pflow_images *images = draw(3, halves);
  pflow_batches_config config = plain();
  config.flip = 1;
  float *flipped = rows_of(images, &config, NULL);
  config.brightness = 0.3;
  float *both = rows_of(images, &config, NULL);
  for (size_t i = 0; i < count; i++)
    ck_assert((flipped[i * 3 * size] > flipped[i * 3 * size + side - 1]) ==
              (both[i * 3 * size] > both[i * 3 * size + side - 1]));
  free(flipped);
  free(both);
  pflow_images_destroy(images);
}
END_TEST

START_TEST(threads_change_no_bit) {
  pflow_images *images = draw(3, noise);
  pflow_batches_config config = everything();
  float *rows[4];
  for (size_t t = 0; t < 4; t++) {
    ck_ok(pflow_pool_create(&config.pool, (size_t[]){1, 2, 3, 5}[t]));
    rows[t] = rows_of(images, &config, NULL);
    pflow_pool_destroy(config.pool);
    ck_assert(memcmp(rows[0], rows[t], count * 3 * size * sizeof *rows[0]) == 0);
  }
  for (size_t t = 0; t < 4; t++)
    free(rows[t]);
  pflow_images_destroy(images);
}
END_TEST

static unsigned char middle(size_t image, size_t c, size_t y, size_t x) {
  (void)image, (void)c, (void)y, (void)x;
  return 100;
}

START_TEST(bad_settings_are_named) {
  pflow_images *images = draw(3, middle), *two = draw(2, middle);
  pflow_batches *batches;
  pflow_batches_config config;
#define WITH(source, field, value, text)                                                 \
  config = plain();                                                                      \
  config.field = value;                                                                  \
  ck_fails(pflow_batches_create(&batches, source, &config), PFLOW_EINVAL, text);         \
  ck_assert_ptr_null(batches)
  WITH(images, crop_area, -0.1, "crop_area is -0.1");
  WITH(images, crop_area, 1.5, "crop_area is 1.5");
  WITH(images, crop_area, NAN, "crop_area is");
  WITH(images, brightness, -1, "brightness is -1");
  WITH(images, contrast, 1.01, "contrast is 1.01");
  WITH(images, saturation, NAN, "saturation is");
  WITH(images, grey, 2, "grey is 2");
  WITH(two, saturation, 0.5, "saturation is 0.5: images of 2 channels");
  WITH(two, grey, 0.5, "grey is 0.5: images of 2 channels");
#undef WITH
  config = plain();
  config.crop_area = 0.5;
  config.crop_pad = 2;
  ck_fails(pflow_batches_create(&batches, images, &config), PFLOW_EINVAL,
           "one crop or the other");
  pflow_images_destroy(images);
  pflow_images_destroy(two);
}
END_TEST

int main(void) {
  return run_tests(
      "augment",
      TESTS(a_resized_crop_is_a_part_of_the_image, a_crop_of_everything_only_stretches,
            brightness_scales, contrast_keeps_the_mean_grey, saturation_keeps_every_grey,
            grey_comes_with_its_probability, grey_images_stay_as_they_are,
            values_stay_between_0_and_1, views_show_the_same_images_otherwise,
            augmentations_are_independent, threads_change_no_bit,
            bad_settings_are_named));
}
