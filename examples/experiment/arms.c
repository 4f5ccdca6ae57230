#include "arms.h"

#include <string.h>

/* What PFGM does on CIFAR-10, and the way along z from its least height to its greatest,
 * 0.01 to 0.01 * 1.03^291. */
#define PFGM_RANGE "--m-max 291 --restrict-m"
#define ALONG_Z    "--clock log-z --flow-length 8.6 --ode rk4"

/* PFGM++ from six neighbour distances up, in the intrinsic dimension. */
#define FLOW_OF(D, part)                                                                 \
  .kind = map_arm, .dims = intrinsic_dims, .aug_dim = (D), .start = 6.0,                 \
  .strength = (part)

const arm arms[] = {
    {.name = "raw",
     .about = "the features as they are, with the same refit as every other arm",
     .method = PFLOW_MAP_NONE},
    {.name = "scaled",
     .about = "all values times 30, which no measure should notice",
     .kind = scaled_arm},
    {.name = "centred", .about = "their mean taken off", .method = PFLOW_MAP_CENTER},
    {.name = "whitened",
     .about = "principal coordinates of unit variance",
     .method = PFLOW_MAP_WHITEN},
    {.name = "zca",
     .about = "whitened and turned back to their own axes",
     .method = PFLOW_MAP_ZCA},
    {.name = "all-but-the-top",
     .about = "without the mean and the first principal direction",
     .method = PFLOW_MAP_ABTT},
    {.name = "rotation",
     .about = "a random rotation, which changes no distance",
     .seeded = true,
     .method = PFLOW_MAP_ROTATE},
    {.name = "random-mlp",
     .about = "a random network of the field's size",
     .kind = random_arm,
     .seeded = true},
    {.name = "untrained-field",
     .about = "the post's flow along the field of an untrained network",
     .kind = blind_arm,
     .seeded = true,
     .flow = ""},
    {.name = "foreign-field",
     .about =
         "the post's flow along a field learned from the wrong data, uniform directions",
     .kind = foreign_arm,
     .seeded = true,
     .flow = ""},
    {.name = "post-euler",
     .about = "the post's flow: M 20, radial clock, 100 Euler steps",
     .kind = flow_arm,
     .seeded = true,
     .flow = ""},
    {.name = "post-rk4",
     .about = "the post's flow with 100 steps of RK4",
     .kind = flow_arm,
     .seeded = true,
     .flow = "--ode rk4"},
    {.name = "pfgm-range",
     .about = "the post's flow with PFGM's M, 291, and fewer large m near the data",
     .kind = flow_arm,
     .seeded = true,
     .flow = PFGM_RANGE},
    {.name = "pfgm-z",
     .about = "PFGM's M, and the learned flow anchored to z, from 0.01 to 54",
     .kind = flow_arm,
     .seeded = true,
     .flow = PFGM_RANGE " " ALONG_Z},
    {.name = "exact-d1",
     .about = "exact field in the intrinsic dimension, D 1 (PFGM), strength 1",
     FLOW_OF(1.0, 1.0)},
    {.name = "exact-d16", .about = "exact field, D 16, strength 1", FLOW_OF(16.0, 1.0)},
    {.name = "exact-d128",
     .about = "exact field, D 128, strength 1",
     FLOW_OF(128.0, 1.0)},
    {.name = "exact-d1024",
     .about = "exact field, D 1024 (nearly diffusion), strength 1",
     FLOW_OF(1024.0, 1.0)},
    {.name = "dose-0",
     .about = "strength 0: the principal coordinates at unit length, without a flow",
     FLOW_OF(128.0, 0.0)},
    {.name = "dose-25",
     .about = "exact field, D 128, strength 0.25",
     FLOW_OF(128.0, 0.25)},
    {.name = "dose-50", .about = "exact field, D 128, strength 0.5", FLOW_OF(128.0, 0.5)},
    {.name = "low-start",
     .about = "exact field, D 128, from one neighbour distance up",
     .dims = intrinsic_dims,
     .aug_dim = 128.0,
     .start = 1.0,
     .strength = 1.0},
    {.name = "exact-full",
     .about = "exact field, D 128, in all dimensions",
     .dims = all_dims,
     .aug_dim = 128.0,
     .start = 6.0,
     .strength = 1.0},
    {.name = "auto",
     .about = "the map's own choice, by neighbours and without labels",
     .seeded = true},
    {.name = "auto-knn",
     .about = "the map's own choice, by the vote of neighbours on held-out train rows",
     .seeded = true,
     .objective = PFLOW_MAP_KNN},
    {.name = "auto-linear",
     .about = "the map's own choice, by a linear probe on held-out train rows",
     .seeded = true,
     .objective = PFLOW_MAP_LINEAR},
};

const size_t arm_count = sizeof arms / sizeof *arms;

const arm *arm_find(const char *name, size_t length) {
  for (size_t i = 0; i < arm_count; i++)
    if (strlen(arms[i].name) == length && memcmp(arms[i].name, name, length) == 0)
      return &arms[i];
  return NULL;
}
