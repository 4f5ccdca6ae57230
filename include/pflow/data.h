/*
 * pflow/data.h - .npy arrays, labelled images, shuffled and augmented mini-batches.
 *
 * Every file is treated as hostile: magic and sizes are checked before memory for its
 * values is taken. Errors name the file and the value: PFLOW_EIO (cannot be read, or is
 * no regular file), PFLOW_EFORMAT (wrong magic or malformed), PFLOW_ETRUNCATED,
 * PFLOW_ETOOLARGE (longer than its header says, or above a limit), PFLOW_EUNSUPPORTED (a
 * valid file of a kind not read here), PFLOW_EOVERFLOW (a size that no size_t holds),
 * PFLOW_ELABEL; PFLOW_ENOMEM besides.
 */
#ifndef PFLOW_DATA_H
#define PFLOW_DATA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pflow/error.h"
#include "pflow/tensor.h"
#include "pflow/threads.h"

PFLOW_BEGIN_DECLS

/* ---- .npy ---- */

/*
 * Reads a C-order little-endian float16, float32 or float64 array (rounded to float32,
 * beyond its range to infinity) of 1 to 4 dimensions, none of them 0. Versions 1.0 to 3.0
 * of the format. NaN and infinity are values like others: see pflow_check_finite. Files
 * that are larger than memory: pflow/rows.h.
 */
PFLOW_API pflow_err pflow_npy_load(pflow_tensor **tensor, const char *path);

/*
 * Reads a 1-D integer array (signed or unsigned, 1 to 8 bytes) as int32 labels; free with
 * pflow_free. PFLOW_ELABEL for a value that is negative or above INT32_MAX.
 */
PFLOW_API pflow_err pflow_npy_load_labels(int32_t **labels, size_t *n, const char *path);

/*
 * Writes a float32 tensor, or n > 0 int32 labels, whole or not at all (pflow/file.h), as
 * NumPy would: version 1.0, values aligned to 64 bytes.
 */
PFLOW_API pflow_err pflow_npy_save(const char *path, const pflow_tensor *tensor);
PFLOW_API pflow_err pflow_npy_save_labels(const char *path, const int32_t *labels,
                                          size_t n);

/* ---- labelled images ---- */

/* n images of channels x height x width bytes with a label each. Const after loading. */
typedef struct pflow_images pflow_images;

PFLOW_API void pflow_images_destroy(pflow_images *images);
PFLOW_API size_t pflow_images_count(const pflow_images *images);
PFLOW_API size_t pflow_images_channels(const pflow_images *images);
PFLOW_API size_t pflow_images_height(const pflow_images *images);
PFLOW_API size_t pflow_images_width(const pflow_images *images);
PFLOW_API size_t pflow_images_classes(const pflow_images *images);
PFLOW_API const unsigned char *pflow_images_pixels(const pflow_images *images); /* NCHW */
PFLOW_API const int32_t *pflow_images_labels(const pflow_images *images);

/*
 * Images of your own: n of shape channels, height, width, one after another (NCHW), with
 * labels in [0, classes). Pixels and labels are copied.
 * Errors: PFLOW_EINVAL for 0 images, classes or a side of 0; PFLOW_ELABEL naming the
 * image; PFLOW_EOVERFLOW; PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_images_create(pflow_images **images,
                                        const unsigned char *pixels,
                                        const int32_t *labels, size_t n,
                                        const size_t shape[3], size_t classes);

typedef enum pflow_split { PFLOW_TRAIN = 0, PFLOW_TEST = 1 } pflow_split;

/*
 * CIFAR-10, binary version (Krizhevsky 2009): data_batch_1..5.bin (train) or
 * test_batch.bin in `folder` or in its subfolder cifar-10-batches-bin. A file holds
 * records of one label byte (0-9) and 3072 pixel bytes; the number of records is up to
 * the file, up to 1 GiB in all.
 */
PFLOW_API pflow_err pflow_images_load_cifar10(pflow_images **images, const char *folder,
                                              pflow_split split);

/*
 * IDX files (LeCun): unsigned bytes, images of 3 dimensions and labels of 1, plain or
 * gzipped by content. Reads <train|t10k>-images-idx3-ubyte[.gz] and the matching
 * labels-idx1-ubyte[.gz] of `folder`: MNIST, Fashion-MNIST. Labels must be 0-9.
 */
PFLOW_API pflow_err pflow_images_load_idx(pflow_images **images, const char *folder,
                                          pflow_split split);

/*
 * One file of images and one of labels; classes 0 means the largest label + 1.
 * PFLOW_ESHAPE when their counts differ; PFLOW_ETOOLARGE above 1 GiB of pixels.
 */
PFLOW_API pflow_err pflow_images_load_idx_files(pflow_images **images,
                                                const char *images_path,
                                                const char *labels_path, size_t classes);

typedef struct pflow_synthetic_config {
  size_t struct_size;
  size_t n;                       /* default 1000 */
  size_t classes;                 /* default 10 */
  size_t channels, height, width; /* default 3, 32, 32 */
  double noise;                   /* std of pixel noise in [0, 1] units; default 0.25 */
  uint64_t seed;
  pflow_split split; /* both splits share the class patterns, not the images */
} pflow_synthetic_config;

static inline void pflow_synthetic_config_init(pflow_synthetic_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->n = 1000;
  config->classes = 10;
  config->channels = 3;
  config->height = config->width = 32;
  config->noise = 0.25;
}

/*
 * A seeded synthetic set: each class is a smooth random pattern, each image that pattern
 * shifted by up to a quarter of its side around its borders, scaled in brightness (0.6 to
 * 1.4) and covered with noise; labels in turn 0, 1, ... A stand-in where no real images
 * can be had, learnable but not trivial. Errors: PFLOW_EINVAL naming the setting,
 * PFLOW_EOVERFLOW, PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_images_create_synthetic(pflow_images **images,
                                                  const pflow_synthetic_config *config);

/*
 * A copy with the given size: a single channel is repeated to `channels`, the image is
 * centred on black (an odd margin is larger after). Errors: PFLOW_ESHAPE when it does not
 * fit, or for other changes of channels.
 */
PFLOW_API pflow_err pflow_images_pad(pflow_images **images, const pflow_images *source,
                                     size_t channels, size_t height, size_t width);

/* A copy of the first n images (all if fewer); PFLOW_EINVAL for n 0. */
PFLOW_API pflow_err pflow_images_take(pflow_images **images, const pflow_images *source,
                                      size_t n);

/*
 * Pixels of images begin <= i < begin + n as float32 / 255 into x (n x C x H x W).
 * PFLOW_EINVAL when n is 0 or the range goes past the last image.
 */
PFLOW_API pflow_err pflow_images_get(const pflow_images *images, size_t begin, size_t n,
                                     float *x);

/* ---- mini-batches ---- */

typedef struct pflow_batches pflow_batches;

typedef struct pflow_batches_config {
  size_t struct_size;
  size_t batch;    /* rows; default 256 */
  int shuffle;     /* a new order each epoch; default 1 */
  int drop_last;   /* leave out an incomplete last batch; default 0 */
  size_t crop_pad; /* random crop of the image padded by this many zeros, fewer than
                      its height and width; default 0 */
  int flip;        /* horizontal flip with probability 1/2, after the crop; default 0 */
  uint64_t seed;
  pflow_pool *pool; /* NULL: the default pool */
  /* Instead of crop_pad: a random part of the image, brought to its size bilinearly. Its
     area is uniform between this share of the image and all of it, its width to height
     between 3/4 and 4/3 of the image's, its place uniform; sides end at the image's.
     Default 0: none. */
  double crop_area;
  /* Factors uniform in 1 - value to 1 + value, in this order, each followed by clipping
     to [0, 1]: of the pixels; of their difference to the image's mean grey; of their
     difference to their own grey. 0 to 1; default 0: none. Images of 1 or 3 channels;
     grey is 0.299, 0.587, 0.114 of red, green, blue. */
  double brightness, contrast, saturation;
  double grey;   /* probability that all channels become the grey; default 0 */
  uint64_t view; /* default 0; each has crops, flips and colours of its own */
} pflow_batches_config;

static inline void pflow_batches_config_init(pflow_batches_config *config) {
  memset(config, 0, sizeof *config);
  config->struct_size = sizeof *config;
  config->batch = 256;
  config->shuffle = 1;
}

/*
 * Batches of a set of images, which is borrowed. Two objects that differ in `view` alone
 * give the same images in the same order, independently augmented: the pairs of
 * pflow/contrast.h. A batch above the number of images is cut to it. Errors:
 * PFLOW_EINVAL naming the setting (also when drop_last would leave no batch),
 * PFLOW_ENOMEM.
 */
PFLOW_API pflow_err pflow_batches_create(pflow_batches **batches,
                                         const pflow_images *images,
                                         const pflow_batches_config *config);
PFLOW_API void pflow_batches_destroy(pflow_batches *batches);

/* Batches in an epoch; rows of a full batch; values of one row; classes. */
PFLOW_API size_t pflow_batches_count(const pflow_batches *batches);
PFLOW_API size_t pflow_batches_rows(const pflow_batches *batches);
PFLOW_API size_t pflow_batches_row_size(const pflow_batches *batches);
PFLOW_API size_t pflow_batches_classes(const pflow_batches *batches);

/*
 * Batch `index` of epoch `epoch`: pixels / 255 into x (batch x C x H x W), labels, and
 * the number of rows. A pure function of seed, epoch and index, so training can be
 * resumed anywhere. The order of the last epoch asked for is kept: one thread at a time.
 * PFLOW_EINVAL past the last batch.
 */
PFLOW_API pflow_err pflow_batches_get(pflow_batches *batches, uint64_t epoch,
                                      size_t index, float *x, int32_t *labels, size_t *n);

PFLOW_END_DECLS

#endif
