/*
 * long_run - maps are fitted, used, saved and loaded again and again by several threads,
 * while memory and open files are watched.
 *
 * usage: long_run SECONDS FOLDER [LINES]
 *
 * Prints LINES lines (12) over the time, each with what was done so far, the resident
 * memory, open files, and the library's blocks. Status 1 if a map that was loaded maps
 * other bits, if a file stays open, or if a block is left; of a run of ten minutes or
 * more also if memory of the last third is more than 2 % and 1 MiB above that of the
 * second. (Before that the C library's arenas, or a sanitizer's, still fill.)
 */
#include <dirent.h>
#include <pflow.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  threads = 4,
  kinds = 11,
  most_rows = 300,
  dims = 3,
  most_values = 8,
  most_lines = 1000
};

/* ---- what each thread does ---- */

typedef struct worker {
  pthread_t thread;
  const char *folder;
  unsigned number;
  const atomic_bool *ended;
  atomic_size_t done; /* maps */
  char why[256];      /* it ended before its time */
} worker;

/* One map's life: sizes and seeds change with every one. */
typedef struct life {
  pflow_map *map, *again;
  float *x, *y, *z, *back, *back_again;
  int32_t *labels;
  size_t n, dim;
  char path[512];
} life;

static pflow_denoiser_config network;
static pflow_field_fit_config post;

static pflow_map_config config_of(size_t turn) {
  pflow_map_config config;
  const size_t kind = turn % kinds;
  pflow_map_config_init(&config);
  config.seed = turn;
  config.dims = dims;
  config.aug_dim = 4.0;
  config.start = 1.0;
  config.strength = turn % 7 == 0 ? PFLOW_MAP_AUTO : 1.0;
  config.rtol = 1e-3;
  config.target = (pflow_map_target)(turn % 5);
  config.denoiser = &network;
  config.post = &post;
  if (kind < 3)
    config.field = (pflow_map_field)kind;
  else
    config.method = (pflow_map_method)(kind - 2);
  if (config.method != PFLOW_MAP_POISSON) config.dims = 0;
  return config;
}

static pflow_err make_rows(life *self, size_t turn) {
  const size_t most = most_rows * (most_values + 1);
  float **all[] = {&self->x, &self->y, &self->z, &self->back, &self->back_again};
  pflow_rng rng;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!(*all[i] = pflow_alloc(most, sizeof(float)))) return PFLOW_ENOMEM;
  if (!(self->labels = pflow_alloc(most_rows, sizeof *self->labels))) return PFLOW_ENOMEM;
  pflow_rng_init(&rng, turn, 0);
  self->n = 150 + (size_t)pflow_rng_below(&rng, most_rows - 150 + 1);
  self->dim = 4 + (size_t)pflow_rng_below(&rng, most_values - 4 + 1);
  pflow_rng_normal(&rng, self->x, self->n * self->dim, 0.0, 1.0);
  return PFLOW_OK;
}

static pflow_err use(const life *self, const pflow_map *map, float *y, float *back) {
  pflow_map_work *work;
  pflow_err rc = pflow_map_work_create(&work, map, NULL);
  if (rc == PFLOW_OK) rc = pflow_map_transform(map, work, self->x, self->n, y);
  if (rc == PFLOW_OK && pflow_map_is_invertible(map))
    rc = pflow_map_inverse(map, work, y, self->n, back);
  pflow_map_work_destroy(work);
  return rc;
}

static pflow_err save_and_load(life *self) {
  pflow_err rc = pflow_map_save(self->map, self->path);
  return rc == PFLOW_OK ? pflow_map_load(&self->again, self->path, NULL) : rc;
}

static pflow_err live(life *self, size_t turn) {
  const pflow_map_config config = config_of(turn);
  pflow_err rc = make_rows(self, turn);
  if (rc == PFLOW_OK) rc = pflow_map_create(&self->map, &config);
  if (rc == PFLOW_OK)
    rc = pflow_map_fit(self->map, self->x, self->labels, self->n, self->dim);
  if (rc == PFLOW_OK) rc = use(self, self->map, self->y, self->back);
  if (rc == PFLOW_OK) rc = save_and_load(self);
  if (rc == PFLOW_OK) rc = use(self, self->again, self->z, self->back_again);
  return rc;
}

static int is_same(const life *self) {
  const size_t values = self->n * pflow_map_out_dim(self->map);
  if (memcmp(self->y, self->z, values * sizeof *self->y) != 0) return 0;
  if (!pflow_map_is_invertible(self->map)) return 1;
  const size_t size = self->n * self->dim * sizeof *self->back;
  return memcmp(self->back, self->back_again, size) == 0;
}

static void end_life(life *self) {
  pflow_map_destroy(self->map);
  pflow_map_destroy(self->again);
  pflow_free(self->x);
  pflow_free(self->y);
  pflow_free(self->z);
  pflow_free(self->back);
  pflow_free(self->back_again);
  pflow_free(self->labels);
}

static int run_once(worker *self, size_t turn) {
  life one = {0};
  snprintf(one.path, sizeof one.path, "%s/%u.safetensors", self->folder, self->number);
  if (live(&one, turn) != PFLOW_OK)
    snprintf(self->why, sizeof self->why, "map %zu: %s", turn, pflow_errmsg());
  else if (!is_same(&one))
    snprintf(self->why, sizeof self->why, "map %zu maps other bits once loaded", turn);
  end_life(&one);
  return self->why[0] == '\0';
}

static void *run(void *user) {
  worker *self = user;
  for (size_t turn = self->number; !atomic_load(self->ended); turn += threads) {
    if (!run_once(self, turn)) break;
    atomic_fetch_add(&self->done, 1);
  }
  return NULL;
}

/* ---- what is watched ---- */

typedef struct look {
  size_t maps, resident; /* bytes */
  size_t files, blocks;
} look;

static size_t resident_bytes(void) {
  size_t whole = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%zu %zu", &whole, &resident) != 2) resident = 0;
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t open_files(void) {
  size_t count = 0;
  DIR *folder = opendir("/proc/self/fd");
  if (!folder) return 0;
  while (readdir(folder))
    count++;
  closedir(folder);
  return count;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Waits for a part of the time, looking ten times a second: the most there was of each.
 */
static look watch(const worker *workers, double until) {
  look most = {0};
  do {
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    const size_t resident = resident_bytes(), files = open_files(),
                 blocks = pflow_live_blocks();
    if (resident > most.resident) most.resident = resident;
    if (files > most.files) most.files = files;
    if (blocks > most.blocks) most.blocks = blocks;
  } while (now() < until);
  for (size_t i = 0; i < threads; i++)
    most.maps += atomic_load(&workers[i].done);
  return most;
}

static void print(const look *seen, double seconds) {
  printf("%8.0f s %9zu maps %8.1f MiB %4zu files %6zu blocks\n", seconds, seen->maps,
         (double)seen->resident / 1048576.0, seen->files, seen->blocks);
  fflush(stdout);
}

static size_t most_resident(const look *all, size_t begin, size_t end) {
  size_t most = 0;
  for (size_t i = begin; i < end; i++)
    if (all[i].resident > most) most = all[i].resident;
  return most;
}

/* ---- the whole ---- */

/* Whether memory has stopped growing. */
static bool is_flat(const look *all, size_t lines) {
  const size_t before = most_resident(all, lines / 3, 2 * lines / 3);
  const size_t after = most_resident(all, 2 * lines / 3, lines);
  if (after <= before + before / 50 + 1048576) return true;
  printf("memory grew from %zu to %zu bytes\n", before, after);
  return false;
}

static int judge(const worker *workers, size_t files) {
  int bad = 0;
  for (size_t i = 0; i < threads; i++) {
    if (workers[i].why[0]) bad = printf("thread %zu: %s\n", i, workers[i].why);
    if (atomic_load(&workers[i].done) == 0) bad = printf("thread %zu did nothing\n", i);
  }
  if (open_files() != files) bad = printf("%zu files stay open\n", open_files() - files);
  if (pflow_live_blocks() != 0) bad = printf("%zu blocks left\n", pflow_live_blocks());
  if (!bad) printf("nothing stays open, nothing is left\n");
  return bad != 0;
}

static void set_up(void) {
  pflow_denoiser_config_init(&network);
  network.width = 16;
  network.layers = 1;
  network.steps = 30;
  network.batch = 32;
  pflow_field_fit_config_init(&post);
  post.epochs = 1;
}

int main(int argc, char **argv) {
  static worker workers[threads];
  static look all[most_lines];
  atomic_bool ended = false;
  const double seconds = argc > 2 ? atof(argv[1]) : 0.0;
  const size_t lines = argc > 3 ? (size_t)atoi(argv[3]) : 12;
  if (seconds <= 0.0 || lines < 3 || lines > most_lines) {
    fprintf(stderr, "usage: long_run SECONDS FOLDER [LINES]\n");
    return 2;
  }
  set_up();
  const size_t files = open_files();
  const double started = now();
  for (unsigned i = 0; i < threads; i++) {
    workers[i] = (worker){.folder = argv[2], .number = i, .ended = &ended};
    if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0) return 2;
  }
  for (size_t i = 0; i < lines; i++) {
    all[i] = watch(workers, started + seconds * (double)(i + 1) / (double)lines);
    print(&all[i], now() - started);
  }
  atomic_store(&ended, true);
  for (size_t i = 0; i < threads; i++)
    pthread_join(workers[i].thread, NULL);
  int status = judge(workers, files);
  if (seconds < 600.0) return status;
  return is_flat(all, lines) ? status : 1;
}
