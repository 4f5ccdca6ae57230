/*
 * test_abi.c - programs that were compiled against another version: configs that end
 * earlier than ours, or later.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "support/suite.h"

enum { n = 60, dim = 3 };

static float rows[n * dim];
static int32_t labels[n];

static void make_rows(void) {
  pflow_rng rng;
  pflow_rng_init(&rng, 1, 0);
  pflow_rng_normal(&rng, rows, n * dim, 0.0, 1.0);
  for (size_t i = 0; i < n; i++)
    labels[i] = (int32_t)(i % 3);
}

/* ---- what takes a config ---- */

static pflow_err use_map(const void *config) {
  pflow_map *map;
  const pflow_err rc = pflow_map_create(&map, config);
  pflow_map_destroy(map);
  return rc;
}

static pflow_err use_map_work(const void *config) {
  pflow_map_config none;
  pflow_map *map;
  pflow_map_work *work;
  pflow_map_config_init(&none);
  none.method = PFLOW_MAP_NONE;
  ck_ok(pflow_map_create(&map, &none));
  ck_ok(pflow_map_fit(map, rows, NULL, n, dim));
  const pflow_err rc = pflow_map_work_create(&work, map, config);
  pflow_map_work_destroy(work);
  pflow_map_destroy(map);
  return rc;
}

static pflow_err use_denoiser(const void *config) {
  pflow_denoiser *denoiser;
  const pflow_err rc = pflow_denoiser_create(&denoiser, dim, config);
  pflow_denoiser_destroy(denoiser);
  return rc;
}

static pflow_err use_ode(const void *config) {
  pflow_ode *ode;
  const pflow_err rc = pflow_ode_create(&ode, n, dim, config);
  pflow_ode_destroy(ode);
  return rc;
}

static pflow_err use_exact(const void *config) {
  pflow_exact *exact;
  const pflow_sources sources = {rows, n, dim};
  const pflow_err rc = pflow_exact_create(&exact, &sources, config);
  pflow_exact_destroy(exact);
  return rc;
}

static pflow_err use_net(const void *config) {
  pflow_net *net;
  const pflow_err rc = pflow_net_create(&net, config);
  pflow_net_destroy(net);
  return rc;
}

static pflow_err use_batchnorm(const void *config) {
  pflow_net *net;
  ck_ok(pflow_net_create(&net, NULL));
  const pflow_err rc = pflow_net_add_batchnorm_config(net, config);
  pflow_net_destroy(net);
  return rc;
}

static pflow_err use_adam(const void *config) {
  pflow_optim *optim;
  const pflow_err rc = pflow_optim_create_adam(&optim, dim, config);
  pflow_optim_destroy(optim);
  return rc;
}

static pflow_err use_uniformity(const void *config) {
  double value;
  return pflow_uniformity(rows, n, dim, config, &value);
}

static pflow_err use_intrinsic(const void *config) {
  pflow_intrinsic found;
  return pflow_intrinsic_dim(&(pflow_features){rows, n, dim}, config, &found);
}

static pflow_err use_probe(const void *config) {
  const pflow_labelled all = {rows, labels, n, dim, 3};
  pflow_probe_report report;
  return pflow_probe(&all, &all, config, &report, NULL, NULL);
}

static pflow_err use_energy(const void *config) {
  const pflow_features half = {rows, n / 2, dim},
                       other = {rows + n / 2 * dim, n / 2, dim};
  pflow_energy found;
  return pflow_energy_distance(&half, &other, config, &found);
}

static pflow_err use_synthetic(const void *config) {
  pflow_images *images;
  const pflow_err rc = pflow_images_create_synthetic(&images, config);
  pflow_images_destroy(images);
  return rc;
}

/* ---- their sizes ---- */

#define INIT(config)                                                                     \
  static void init_##config(void *to) {                                                  \
    config##_init(to);                                                                   \
  }

INIT(pflow_map_config)
INIT(pflow_map_work_config)
INIT(pflow_ode_config)
INIT(pflow_net_config)
INIT(pflow_batchnorm_config)
INIT(pflow_adam_config)
INIT(pflow_uniformity_config)
INIT(pflow_intrinsic_config)
INIT(pflow_probe_config)
INIT(pflow_energy_config)
INIT(pflow_synthetic_config)

static void init_pflow_denoiser_config(void *to) {
  pflow_denoiser_config *config = to;
  pflow_denoiser_config_init(config);
  config->aug_dim = 4.0;
  config->r_min = 0.1;
  config->r_max = 10.0;
}

static void init_pflow_exact_config(void *to) {
  pflow_exact_config *config = to;
  pflow_exact_config_init(config);
  config->aug_dim = 4.0;
}

/* A config that ended in front of `member` in an older version. */
typedef struct versions {
  const char *name;
  size_t older, size;
  void (*init)(void *config);
  pflow_err (*use)(const void *config);
} versions;

#define VERSIONS(type, member, use)                                                      \
  { #type, offsetof(type, member), sizeof(type), init_##type, use }

static const versions all[] = {
    VERSIONS(pflow_map_config, target, use_map),
    VERSIONS(pflow_map_work_config, rtol, use_map_work),
    VERSIONS(pflow_denoiser_config, width, use_denoiser),
    VERSIONS(pflow_ode_config, rtol, use_ode),
    VERSIONS(pflow_exact_config, pool, use_exact),
    VERSIONS(pflow_net_config, pool, use_net),
    VERSIONS(pflow_batchnorm_config, momentum, use_batchnorm),
    VERSIONS(pflow_adam_config, beta2, use_adam),
    VERSIONS(pflow_uniformity_config, pool, use_uniformity),
    VERSIONS(pflow_intrinsic_config, max_rows, use_intrinsic),
    VERSIONS(pflow_probe_config, grid, use_probe),
    VERSIONS(pflow_energy_config, permutations, use_energy),
    VERSIONS(pflow_synthetic_config, channels, use_synthetic),
};

/* The config's first `size` bytes in front of a page that may not be read. */
static void *at_the_edge(const versions *of, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char whole[1024] = {0};
  char *pages =
      mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert(pages != MAP_FAILED && of->size + 64 < sizeof whole);
  ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
  of->init(whole);
  memcpy(whole, &size, sizeof size);
  return memcpy(pages + page - size, whole, size);
}

static void drop_edge(void *config, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  ck_assert_int_eq(munmap((char *)config + size - page, 2 * page), 0);
}

/* Members that an older program does not know have their defaults, and are not read. */
START_TEST(older_configs_are_served) {
  make_rows();
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    ck_assert_uint_lt(all[i].older, all[i].size);
    void *config = at_the_edge(&all[i], all[i].older);
    const pflow_err rc = all[i].use(config);
    ck_assert_msg(rc == PFLOW_OK, "%s of %zu bytes: %d, %s", all[i].name, all[i].older,
                  rc, pflow_errmsg());
    drop_edge(config, all[i].older);
  }
}
END_TEST

/* What a newer program knows besides is left at 0 by its _init, and not looked at. */
START_TEST(newer_configs_are_served) {
  make_rows();
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    void *config = at_the_edge(&all[i], all[i].size + 64);
    const pflow_err rc = all[i].use(config);
    ck_assert_msg(rc == PFLOW_OK, "%s of %zu bytes: %d, %s", all[i].name,
                  all[i].size + 64, rc, pflow_errmsg());
    drop_edge(config, all[i].size + 64);
  }
}
END_TEST

/* As every call reads them (check_headers.sh holds that): what is behind the older end
 * is not taken, what is in front of it is. */
START_TEST(members_behind_the_end_keep_their_defaults) {
  pflow_adam_config full, given;
  pflow_adam_config_init(&full);
  const pflow_adam_config usual = full;
  memset(&given, 0x55, sizeof given);
  given.struct_size = offsetof(pflow_adam_config, beta2);
  given.beta1 = 0.25;
  ck_ok(pf_config_read(&full, sizeof full, &given, "pflow_adam_config"));
  ck_assert_double_eq(full.beta1, 0.25);
  ck_assert_uint_eq(full.struct_size, sizeof full);
  ck_assert_mem_eq((char *)&full + given.struct_size,
                   (const char *)&usual + given.struct_size,
                   sizeof full - given.struct_size);
}
END_TEST

int main(void) {
  return run_tests("abi", TESTS(older_configs_are_served, newer_configs_are_served,
                                members_behind_the_end_keep_their_defaults));
}
