/*
 * cifar10.c - the binary version of CIFAR-10: records of a label byte and 3 x 32 x 32
 * pixel bytes.
 */
#include <stdio.h>
#include <unistd.h>

#include "data/images.h"
#include "pflow/file.h"

enum { pf_cifar_pixels = 3 * 32 * 32, pf_cifar_record = 1 + pf_cifar_pixels };
enum { pf_cifar_classes = 10, pf_cifar_max_files = 5 };

/* The files of a split, read but not yet taken apart. */
typedef struct cifar_files {
  size_t count;
  struct {
    char *path;
    unsigned char *bytes;
    size_t records;
  } file[pf_cifar_max_files];
} cifar_files;

static const char *file_name(pflow_split split, size_t index) {
  static const char *const train[pf_cifar_max_files] = {
      "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
      "data_batch_5.bin"};
  return split == PFLOW_TRAIN ? train[index] : "test_batch.bin";
}

static pflow_err join_path(char **path, const char *folder, const char *subfolder,
                           const char *name) {
  size_t size = strlen(folder) + strlen(subfolder) + strlen(name) + 2;
  pf_try(pf_alloc(path, size, 1));
  snprintf(*path, size, "%s/%s%s", folder, subfolder, name);
  return PFLOW_OK;
}

/* "" or the subfolder, whichever holds the first file of the split. */
static pflow_err find_subfolder(const char **subfolder, const char *folder,
                                pflow_split split) {
  static const char *const places[] = {"", "cifar-10-batches-bin/"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    char *path;
    pf_try(join_path(&path, folder, places[i], file_name(split, 0)));
    bool found = access(path, F_OK) == 0;
    pflow_free(path);
    *subfolder = places[i];
    if (found) return PFLOW_OK;
  }
  return pf_fail(PFLOW_EIO, "%s: no %s here or in %s", folder, file_name(split, 0),
                 places[1]);
}

static pflow_err check_labels(const char *path, const unsigned char *bytes,
                              size_t records) {
  for (size_t i = 0; i < records; i++) {
    unsigned label = bytes[i * pf_cifar_record];
    if (label >= pf_cifar_classes)
      return pf_fail(PFLOW_ELABEL, "%s: record %zu has label %u, wants 0 to 9", path, i,
                     label);
  }
  return PFLOW_OK;
}

/* Reads one file of at most `limit` bytes, which is owned by files from here on. */
static pflow_err read_file(cifar_files *files, size_t limit, const char *folder,
                           const char *subfolder, const char *name) {
  size_t index = files->count++, size;
  pf_try(join_path(&files->file[index].path, folder, subfolder, name));
  const char *path = files->file[index].path;
  pf_try(pflow_file_read(&files->file[index].bytes, &size, path, limit));
  if (size == 0 || size % pf_cifar_record != 0)
    return pf_fail(PFLOW_ETRUNCATED, "%s: %zu bytes are not whole records of %d", path,
                   size, pf_cifar_record);
  files->file[index].records = size / pf_cifar_record;
  return check_labels(path, files->file[index].bytes, files->file[index].records);
}

static pflow_err read_files(cifar_files *files, size_t *records, const char *folder,
                            pflow_split split) {
  const char *subfolder;
  const size_t wanted = split == PFLOW_TRAIN ? pf_cifar_max_files : 1;
  const size_t limit = pf_images_limit();
  pf_try(find_subfolder(&subfolder, folder, split));
  *records = 0;
  for (size_t i = 0; i < wanted; i++) {
    const size_t left = limit - *records * pf_cifar_record;
    pf_try(read_file(files, left, folder, subfolder, file_name(split, i)));
    *records += files->file[i].records;
  }
  return PFLOW_OK;
}

static void split_records(pflow_images *images, const cifar_files *files) {
  size_t row = 0;
  for (size_t f = 0; f < files->count; f++) {
    for (size_t i = 0; i < files->file[f].records; i++, row++) {
      const unsigned char *record = files->file[f].bytes + i * pf_cifar_record;
      images->labels[row] = record[0];
      memcpy(images->pixels + row * pf_cifar_pixels, record + 1, pf_cifar_pixels);
    }
  }
}

pflow_err pflow_images_load_cifar10(pflow_images **images, const char *folder,
                                    pflow_split split) {
  pf_need(images);
  *images = NULL;
  pf_need(folder);
  pf_try(pf_check_split(split));
  cifar_files files = {0};
  size_t records;
  pflow_err rc = read_files(&files, &records, folder, split);
  if (rc >= 0)
    rc = pf_images_create(images, records, (const size_t[]){3, 32, 32}, pf_cifar_classes);
  if (rc >= 0) split_records(*images, &files);
  for (size_t i = 0; i < files.count; i++) {
    pflow_free(files.file[i].bytes);
    pflow_free(files.file[i].path);
  }
  return rc;
}
