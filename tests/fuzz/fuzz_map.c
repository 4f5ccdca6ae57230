/* A map's file: read, and used for a row there and back. The checksum is not compared,
 * which no random change would ever pass. */
#include <math.h>
#include <stdlib.h>

#include "fuzz.h"

static const char name[] = "map";

enum { most_values = 256 };

static void need_finite(const float *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(values[i])) abort();
}

static void use(const pflow_map *map) {
  float x[most_values] = {1.0f}, y[most_values], back[most_values];
  pflow_map_work_config config;
  pflow_map_work *work;
  pflow_map_work_config_init(&config);
  config.max_rows = 1;
  if (pflow_map_in_dim(map) > most_values || pflow_map_out_dim(map) > most_values) return;
  const pflow_err rc = pflow_map_work_create(&work, map, &config);
  fuzz_check(rc, "");
  if (rc < 0) return;
  pflow_err mapped = pflow_map_transform(map, work, x, 1, y);
  fuzz_check(mapped, "");
  if (mapped >= 0) need_finite(y, pflow_map_out_dim(map));
  if (mapped >= 0 && pflow_map_is_invertible(map)) {
    mapped = pflow_map_inverse(map, work, y, 1, back);
    fuzz_check(mapped, "");
    if (mapped >= 0) need_finite(back, pflow_map_in_dim(map));
  }
  if (mapped >= 0) fuzz_taken();
  pflow_map_work_destroy(work);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  pflow_map *map;
  pflow_map_info info;
  const pflow_err rc = pflow_map_parse(&map, bytes, size, name, NULL);
  fuzz_check(rc, name);
  if (rc >= 0) use(map);
  pflow_map_destroy(map);
  const char *path = fuzz_file("map.safetensors", bytes, size);
  fuzz_check(pflow_map_load_info(path, &info), path);
  fuzz_end();
  return 0;
}
