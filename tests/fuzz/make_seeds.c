/*
 * make_seeds.c - writes the seeds of the fuzz targets: one small file of every kind that
 * the parsers take.
 *
 *   make_seeds FOLDER        FOLDER/npy, FOLDER/vecs, ... must be there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fuzz.h"

static const char *folder;

static const char *place(const char *name) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void must(pflow_err rc) {
  if (rc >= 0) return;
  fprintf(stderr, "make_seeds: %s\n", pflow_errmsg());
  exit(1);
}

static void write_bytes(const char *name, const void *bytes, size_t size) {
  must(pflow_file_write(place(name), bytes, size));
}

enum { n = 6, dim = 3 };

static float rows[n * dim];

/* ---- arrays ---- */

static void write_npy(const char *name, const char *header, const void *values,
                      size_t size) {
  unsigned char file[512] = "\x93NUMPY\x01";
  const size_t length = 117;
  file[8] = 118;
  memset(file + 10, ' ', length);
  memcpy(file + 10, header, strlen(header));
  file[10 + length] = '\n';
  memcpy(file + 128, values, size);
  write_bytes(name, file, 128 + size);
}

static void write_arrays(void) {
  double wide[n * dim];
  unsigned short halves[n * dim];
  const int64_t labels[n] = {0, 1, 2, 0, 1, 2};
  for (size_t i = 0; i < n * dim; i++) {
    wide[i] = rows[i];
    halves[i] = (unsigned short)(0x3c00 + i);
  }
  write_npy("npy/f4.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 3), }",
            rows, sizeof rows);
  write_npy("npy/f8.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (6, 3), }",
            wide, sizeof wide);
  write_npy("npy/f2.npy", "{'descr': '<f2', 'fortran_order': False, 'shape': (6, 3), }",
            halves, sizeof halves);
  write_npy("npy/i8.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (6,), }",
            labels, sizeof labels);
  write_npy("npy/u1.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }",
            labels, n);
}

static void write_vecs(void) {
  unsigned char file[n * (4 + 4 * dim)];
  for (size_t i = 0; i < n; i++) {
    const int32_t count = dim;
    memcpy(file + i * (4 + 4 * dim), &count, 4);
    memcpy(file + i * (4 + 4 * dim) + 4, rows + i * dim, 4 * dim);
  }
  const int32_t labels[] = {1, 0, 1, 2, 1, 1};
  write_bytes("vecs/rows", file, sizeof file);
  write_bytes("vecs/labels", labels, sizeof labels);
}

/* ---- images ---- */

static size_t packed(unsigned char *out, size_t room, const void *bytes, size_t size) {
  z_stream stream = {.next_in = (unsigned char *)(uintptr_t)bytes,
                     .avail_in = (uInt)size,
                     .next_out = out,
                     .avail_out = (uInt)room};
  deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  deflate(&stream, Z_FINISH);
  deflateEnd(&stream);
  return stream.total_out;
}

static void write_pair(const char *name, const unsigned char *images, size_t size,
                       const unsigned char *labels, size_t labels_size) {
  unsigned char file[512] = {(unsigned char)(size >> 8), (unsigned char)size};
  memcpy(file + 2, images, size);
  memcpy(file + 2 + size, labels, labels_size);
  write_bytes(name, file, 2 + size + labels_size);
}

static void write_images(void) {
  unsigned char images[16 + 24] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4},
                            labels[11] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 9};
  unsigned char small_images[128], small_labels[128];
  for (size_t i = 16; i < sizeof images; i++)
    images[i] = (unsigned char)i;
  write_pair("idx/plain", images, sizeof images, labels, sizeof labels);
  const size_t size = packed(small_images, sizeof small_images, images, sizeof images);
  write_pair("idx/gzipped", small_images, size, small_labels,
             packed(small_labels, sizeof small_labels, labels, sizeof labels));
  const unsigned char records[] = {3, 0, 9, 255, 0, 17};
  write_bytes("cifar/three", records, sizeof records);
  write_bytes("cifar/refused_tail", records, sizeof records - 1);
}

/* ---- archives ---- */

static void write_net(void) {
  pflow_net *net;
  pflow_optim *optim;
  pflow_archive *archive;
  const size_t shape[] = {dim};
  must(pflow_net_create(&net, NULL));
  must(pflow_net_add_linear(net, 2, 1));
  must(pflow_net_add_batchnorm(net));
  must(pflow_net_add_silu(net));
  must(pflow_net_build(net, shape, 1));
  must(pflow_optim_create_adam(&optim, pflow_net_param_size(net), NULL));
  must(pflow_archive_create(&archive));
  must(pflow_archive_put_net(archive, "", net));
  must(pflow_archive_put_optim(archive, "optim.", optim));
  must(pflow_archive_save(archive, place("archive/net")));
  pflow_archive_destroy(archive);
  pflow_optim_destroy(optim);
  pflow_net_destroy(net);
}

static void write_denoiser(const float *x, size_t count) {
  pflow_denoiser *denoiser;
  pflow_denoiser_config config = fuzz_network();
  pflow_archive *archive;
  config.aug_dim = 2.0;
  config.r_min = 0.1;
  config.r_max = 10.0;
  must(pflow_denoiser_create(&denoiser, dim, &config));
  must(pflow_denoiser_fit(denoiser, x, count, NULL));
  must(pflow_archive_create(&archive));
  must(pflow_archive_put_denoiser(archive, "denoiser.", denoiser, 1));
  must(pflow_archive_save(archive, place("archive/denoiser")));
  pflow_archive_destroy(archive);
  pflow_denoiser_destroy(denoiser);
}

static void write_affine(const float *x, size_t count) {
  pflow_affine *affine;
  pflow_archive *archive;
  must(pflow_affine_fit(&affine, PFLOW_AFFINE_ZCA_WHITEN, x, count, dim, NULL));
  must(pflow_archive_create(&archive));
  must(pflow_affine_put(archive, "affine.", affine));
  must(pflow_archive_save(archive, place("archive/affine")));
  pflow_archive_destroy(archive);
  pflow_affine_destroy(affine);
}

static void write_average(const float *x) {
  pflow_ema *average;
  pflow_archive *archive;
  must(pflow_ema_create(&average, x, fuzz_average, 0.9));
  must(pflow_archive_create(&archive));
  must(pflow_archive_put_ema(archive, "average.", average));
  must(pflow_archive_save(archive, place("archive/average")));
  pflow_archive_destroy(archive);
  pflow_ema_destroy(average);
}

static void write_field(void) {
  pflow_net *net;
  const size_t shape[] = {dim + 1};
  const pflow_field_meta meta = {.dim = dim, .sigma = 0.1, .tau = 0.03, .m_max = 100.0};
  must(pflow_net_create(&net, NULL));
  must(pflow_net_add_linear(net, dim + 1, 1));
  must(pflow_net_build(net, shape, 1));
  must(pflow_field_save(net, &meta, place("archive/field")));
  pflow_net_destroy(net);
}

/* ---- maps ---- */

static void write_map(const float *x, size_t count, pflow_map_method method,
                      pflow_map_field field, pflow_map_target target) {
  pflow_map *map;
  pflow_map_config config;
  const pflow_denoiser_config network = fuzz_network();
  pflow_field_fit_config post;
  char name[64];
  pflow_field_fit_config_init(&post);
  post.epochs = 1;
  pflow_map_config_init(&config);
  config.method = method;
  config.field = field;
  config.target = target;
  config.denoiser = &network;
  config.post = &post;
  if (method == PFLOW_MAP_POISSON && field != PFLOW_MAP_POST) {
    config.dims = 2;
    config.aug_dim = 2.0;
    config.start = 1.0;
    config.strength = 0.5;
  }
  if (field == PFLOW_MAP_POST) config.target = PFLOW_MAP_RAW;
  must(pflow_map_create(&map, &config));
  must(pflow_map_fit(map, x, NULL, count, dim));
  snprintf(name, sizeof name, "map/%s-%s-%s", pflow_map_method_name(method),
           pflow_map_field_name(field), pflow_map_target_name(target));
  must(pflow_map_save(map, place(name)));
  pflow_map_destroy(map);
}

static void write_maps(const float *x, size_t count) {
  for (int target = PFLOW_MAP_SPHERE; target <= PFLOW_MAP_RAW; target++)
    write_map(x, count, PFLOW_MAP_POISSON, PFLOW_MAP_EXACT, (pflow_map_target)target);
  write_map(x, count, PFLOW_MAP_POISSON, PFLOW_MAP_NETWORK, PFLOW_MAP_GAUSSIAN);
  write_map(x, count, PFLOW_MAP_POISSON, PFLOW_MAP_POST, PFLOW_MAP_RAW);
  for (int method = PFLOW_MAP_NONE; method <= PFLOW_MAP_QUANTILE; method++)
    write_map(x, count, (pflow_map_method)method, PFLOW_MAP_EXACT, PFLOW_MAP_SPHERE);
}

static void write_options(void) {
  static const char all[] =
      "--count\0007\0--seed=12\0--real\0-0.5e0\0--word\0two\0--text\0"
      "x\0--flag\0file";
  static const char automatic[] = "--real=auto\0--count\0000\0--\0-";
  static const char help[] = "--help";
  write_bytes("options/all", all, sizeof all);
  write_bytes("options/auto", automatic, sizeof automatic);
  write_bytes("options/help", help, sizeof help);
}

int main(int argc, char **argv) {
  enum { many = 40 };
  static float x[many * dim];
  pflow_rng rng;
  if (argc != 2) return 2;
  folder = argv[1];
  pflow_rng_init(&rng, 1, 0);
  pflow_rng_normal(&rng, x, many * dim, 0.0, 1.0);
  memcpy(rows, x, sizeof rows);
  write_arrays();
  write_vecs();
  write_images();
  write_net();
  write_denoiser(x, many);
  write_affine(x, many);
  write_average(x);
  write_field();
  write_maps(x, many);
  must(fuzz_fit(place("checkpoint/stopped"), 0));
  must(fuzz_fit(place("checkpoint/stopped"), 1));
  write_options();
  return 0;
}
