#include "io/checksum.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "io/archive.h"

/* With the 0 at its end, which no text holds. */
static uLong add_text(uLong crc, const char *text) {
  return crc32_z(crc, (const unsigned char *)text, strlen(text) + 1);
}

static uLong add_values(uLong crc, const pflow_tensor *tensor) {
  return crc32_z(crc, (const unsigned char *)pflow_tensor_const_values(tensor),
                 pflow_tensor_size(tensor) * sizeof(float));
}

static uint64_t sum_of(const pflow_archive *archive, const char *key) {
  const pf_items *tensors = &archive->tensors, *texts = &archive->texts;
  uLong crc = crc32(0, NULL, 0);
  for (size_t i = 0; i < tensors->count; i++) {
    crc = add_text(crc, tensors->item[i].name);
    crc = add_values(crc, tensors->item[i].tensor);
  }
  for (size_t i = 0; i < texts->count; i++) {
    if (strcmp(texts->item[i].name, key) == 0) continue;
    crc = add_text(crc, texts->item[i].name);
    crc = add_text(crc, texts->item[i].text);
  }
  return crc;
}

/* What files of maps had at first: a file of that time has this one still. */
static uint64_t sum_of_values(const pflow_archive *archive) {
  uLong crc = crc32(0, NULL, 0);
  for (size_t i = 0; i < archive->tensors.count; i++)
    crc = add_values(crc, archive->tensors.item[i].tensor);
  return crc;
}

pflow_err pf_checksum_put(pflow_archive *archive, const char *key) {
  return pflow_archive_put_u64(archive, key, sum_of(archive, key));
}

pflow_err pf_checksum_check(const pflow_archive *archive, const char *kind,
                            const char *key) {
  const uint64_t sum = sum_of(archive, key);
  uint64_t want;
  const pflow_err found = pflow_archive_get_u64(archive, key, &want);
  if (found == PFLOW_ENOTFOUND)
    return pf_fail(found, "%s: not a %s: it has no text '%s'", archive->source, kind,
                   key);
  pf_try(found);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  want = sum;
#endif
  if (want == sum || want == sum_of_values(archive)) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT, "%s: its checksum is %08" PRIx64 ", wants %08" PRIx64,
                 archive->source, sum, want);
}
