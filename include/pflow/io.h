/*
 * pflow/io.h - model files and checkpoints in the safetensors format.
 *
 * A file is 8 bytes of header length (little-endian), a JSON header that names each
 * tensor's dtype, shape and offsets and holds string metadata, and the values; Python's
 * safetensors reads it. Only F32 tensors of 1 to 4 dimensions are kept. A file is hostile
 * until checked: header size, JSON, offsets, overlap and gaps; errors as in pflow/data.h.
 * Files appear whole or not at all (pflow/file.h).
 *
 * Besides what each call names, any may return PFLOW_ENULL, and PFLOW_ENOMEM unless it
 * only looks something up. An object that could not be made is NULL. An archive is used
 * by one thread at a time; calls that take a const one may share it.
 */
#ifndef PFLOW_IO_H
#define PFLOW_IO_H

#include <stddef.h>
#include <stdint.h>

#include "pflow/denoiser.h"
#include "pflow/error.h"
#include "pflow/field.h"
#include "pflow/nn.h"
#include "pflow/optim.h"
#include "pflow/tensor.h"

PFLOW_BEGIN_DECLS

/* ---- archives: named tensors and named texts ---- */

/*
 * Bounds against hostile files, kept when writing too (PFLOW_ETOOLARGE): bytes of a file;
 * bytes of its header with all names and texts, as in the format's own reader; number of
 * tensors, of texts, and of layers in a description.
 */
#define PFLOW_ARCHIVE_MAX_BYTES  ((size_t)UINT32_MAX)
#define PFLOW_ARCHIVE_MAX_HEADER ((size_t)100000000)
#define PFLOW_ARCHIVE_MAX_ITEMS  ((size_t)16384)

typedef struct pflow_archive pflow_archive;

PFLOW_API pflow_err pflow_archive_create(pflow_archive **archive);
PFLOW_API void pflow_archive_destroy(pflow_archive *archive);

/*
 * Adds a copy of a tensor, or a text (both UTF-8, at most 255 bytes of name). A tensor
 * and a text may have the same name, two tensors or two texts may not: PFLOW_EINVAL, also
 * for the name "__metadata__".
 */
PFLOW_API pflow_err pflow_archive_put(pflow_archive *archive, const char *name,
                                      const float *values, const size_t *shape,
                                      size_t ndim);
PFLOW_API pflow_err pflow_archive_put_text(pflow_archive *archive, const char *key,
                                           const char *text);

/*
 * Tensor or text of that name, borrowed until the archive is destroyed. PFLOW_ENOTFOUND
 * names what was asked for.
 */
PFLOW_API pflow_err pflow_archive_get(const pflow_archive *archive, const char *name,
                                      const pflow_tensor **tensor);
PFLOW_API pflow_err pflow_archive_get_text(const pflow_archive *archive, const char *key,
                                           const char **text);

/* Unsigned numbers kept as decimal text. PFLOW_EFORMAT when the text is not one. */
PFLOW_API pflow_err pflow_archive_put_u64(pflow_archive *archive, const char *key,
                                          uint64_t value);
PFLOW_API pflow_err pflow_archive_get_u64(const pflow_archive *archive, const char *key,
                                          uint64_t *value);

/* Number of tensors, and the name of one (NULL past the last), in the order of the file.
 */
PFLOW_API size_t pflow_archive_count(const pflow_archive *archive);
PFLOW_API const char *pflow_archive_name(const pflow_archive *archive, size_t index);

PFLOW_API pflow_err pflow_archive_save(const pflow_archive *archive, const char *path);
PFLOW_API pflow_err pflow_archive_load(pflow_archive **archive, const char *path);

/* The same without the tensors: reads the file's header only, so that it takes no longer
 * for a large file. What it says of the tensors is checked, and that they fill the file.
 */
PFLOW_API pflow_err pflow_archive_load_texts(pflow_archive **archive, const char *path);

/* load from memory, which is copied. `name` stands for the path in messages. */
PFLOW_API pflow_err pflow_archive_parse(pflow_archive **archive, const void *bytes,
                                        size_t size, const char *name);

/* ---- networks, optimisers, averages in an archive ---- */

/*
 * put stores the arrays of an object as "<prefix><array name>" and a description of it as
 * text; a put that fails leaves the archive as it was. get fills an existing object of
 * the same kind and shapes, checking all before it changes any. The prefix may be "".
 * Errors: PFLOW_ESTATE for a network that is not built; PFLOW_ENOTFOUND; PFLOW_ESHAPE
 * naming the array and both shapes; PFLOW_EINVAL naming both kinds; PFLOW_EFORMAT;
 * PFLOW_EUNSUPPORTED for the description of a later version.
 *
 * A network is its kinds of layers, parameters and running statistics. get_net takes
 * arrays without a description too: those of another program. An optimiser is its kind,
 * slots, steps and learning rate, an average its values and updates; settings such as
 * momentum or decay are those that the existing object was created with.
 */
PFLOW_API pflow_err pflow_archive_put_net(pflow_archive *archive, const char *prefix,
                                          const pflow_net *net);
PFLOW_API pflow_err pflow_archive_get_net(const pflow_archive *archive,
                                          const char *prefix, pflow_net *net);
PFLOW_API pflow_err pflow_archive_put_optim(pflow_archive *archive, const char *prefix,
                                            const pflow_optim *optim);
PFLOW_API pflow_err pflow_archive_get_optim(const pflow_archive *archive,
                                            const char *prefix, pflow_optim *optim);
PFLOW_API pflow_err pflow_archive_put_ema(pflow_archive *archive, const char *prefix,
                                          const pflow_ema *ema);
PFLOW_API pflow_err pflow_archive_get_ema(const pflow_archive *archive,
                                          const char *prefix, pflow_ema *ema);

/*
 * Builds the network that put_net described, with its values. Layers of the user's own
 * are PFLOW_EUNSUPPORTED: build such a network in code and use get_net. A description
 * that cannot be built, or asks for more values than the archive has, is PFLOW_EFORMAT.
 * config NULL: defaults.
 */
PFLOW_API pflow_err pflow_archive_build_net(const pflow_archive *archive,
                                            const char *prefix, pflow_net **net,
                                            const pflow_net_config *config);

/*
 * A denoiser that has learned something is its settings but for pool and callback, the
 * statistics of its rows, and its network. With training 1 a fit under way is put, too,
 * if there is one: weights, optimiser and average, so that pflow_denoiser_fit goes on
 * from there to the same bits. A fit's callback may put the denoiser. PFLOW_ESTATE before
 * a fit.
 *
 * build makes a denoiser of what put stored, with pool, on_step and user of the config
 * (NULL: none), whose other settings are not looked at. One that was put in the middle of
 * a fit without its training can be used, but not be fitted further. A description that
 * cannot be built, or asks for more values than the archive has, is PFLOW_EFORMAT.
 */
PFLOW_API pflow_err pflow_archive_put_denoiser(pflow_archive *archive, const char *prefix,
                                               const pflow_denoiser *denoiser,
                                               int training);
PFLOW_API pflow_err pflow_archive_build_denoiser(const pflow_archive *archive,
                                                 const char *prefix,
                                                 pflow_denoiser **denoiser,
                                                 const pflow_denoiser_config *config);

/* ---- whole files ---- */

/* One network in one file, arrays named as PyTorch's nn.Sequential names them. */
PFLOW_API pflow_err pflow_net_save(const pflow_net *net, const char *path);
PFLOW_API pflow_err pflow_net_load(pflow_net **net, const char *path,
                                   const pflow_net_config *config);

/* What a field file says about its training besides the network. */
typedef struct pflow_field_meta {
  size_t dim; /* d: the network has d + 1 inputs */
  double sigma, tau, m_max, gamma;
  int restrict_m;
  uint64_t seed;
} pflow_field_meta;

/*
 * A field network with the settings that it was trained with. Errors: PFLOW_EINVAL naming
 * a setting that is negative or not finite, PFLOW_ESHAPE when the network has not dim + 1
 * inputs and outputs.
 */
PFLOW_API pflow_err pflow_field_save(const pflow_net *net, const pflow_field_meta *meta,
                                     const char *path);

/*
 * The network of a field file, for pflow_field_create_net; meta may be NULL.
 * PFLOW_EFORMAT for settings that save would not take.
 */
PFLOW_API pflow_err pflow_field_load(pflow_net **net, pflow_field_meta *meta,
                                     const char *path, const pflow_net_config *config);

PFLOW_END_DECLS

#endif
