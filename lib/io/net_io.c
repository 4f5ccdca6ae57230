/*
 * net_io.c - networks in archives and files.
 */
#include <string.h>

#include "io/description.h"
#include "io/net_describe.h"
#include "nn/net.h"

static pflow_err check_built(const pflow_net *net, const char *call) {
  if (pflow_net_in_size(net) > 0) return PFLOW_OK;
  return pf_fail(PFLOW_ESTATE, "%s: the network is not built", call);
}

/*
 * Array `index` of a network and its name in the archive. Its values are only written by
 * copy_arrays, whose network is not const.
 */
static pflow_err array_at(pflow_param *param, char name[pf_name_max + 1],
                          const pflow_net *net, const char *prefix, size_t index) {
  pf_try(pflow_net_param((pflow_net *)net, index, param));
  return pf_join(name, prefix, param->name);
}

static pflow_err put_arrays(pflow_archive *archive, const char *prefix,
                            const pflow_net *net) {
  for (size_t i = 0; i < pflow_net_param_count(net); i++) {
    pflow_param param;
    char name[pf_name_max + 1];
    pf_try(array_at(&param, name, net, prefix, i));
    pf_try(pflow_archive_put(archive, name, param.value, param.shape, param.ndim));
  }
  return PFLOW_OK;
}

static pflow_err check_arrays(const pflow_archive *archive, const char *prefix,
                              const pflow_net *net) {
  for (size_t i = 0; i < pflow_net_param_count(net); i++) {
    const pflow_tensor *tensor;
    pflow_param param;
    char name[pf_name_max + 1];
    pf_try(array_at(&param, name, net, prefix, i));
    pf_try(pf_archive_get_shaped(archive, name, param.shape, param.ndim, &tensor));
  }
  return PFLOW_OK;
}

static pflow_err copy_arrays(const pflow_archive *archive, const char *prefix,
                             pflow_net *net) {
  for (size_t i = 0; i < pflow_net_param_count(net); i++) {
    const pflow_tensor *tensor;
    pflow_param param;
    char name[pf_name_max + 1];
    pf_try(array_at(&param, name, net, prefix, i));
    pf_try(pflow_archive_get(archive, name, &tensor));
    memcpy(param.value, pflow_tensor_const_values(tensor), param.size * sizeof(float));
  }
  return PFLOW_OK;
}

pflow_err pflow_archive_put_net(pflow_archive *archive, const char *prefix,
                                const pflow_net *net) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(net);
  pf_try(check_built(net, __func__));
  pf_mark mark = pf_archive_mark(archive);
  pflow_err rc = pf_net_describe(archive, prefix, net);
  if (rc >= 0) rc = put_arrays(archive, prefix, net);
  return pf_archive_settle(archive, mark, rc);
}

pflow_err pflow_archive_get_net(const pflow_archive *archive, const char *prefix,
                                pflow_net *net) {
  pf_need(archive);
  pf_need(prefix);
  pf_need(net);
  pf_try(check_built(net, __func__));
  pf_try(pf_net_check_kinds(archive, prefix, net));
  pf_try(check_arrays(archive, prefix, net));
  return copy_arrays(archive, prefix, net);
}

/* A small file may describe a huge network: its values must be there to be built. */
static pflow_err check_values(pflow_net *net, const pflow_shape *input,
                              const pflow_archive *archive) {
  size_t wants, has = archive->value_bytes / sizeof(float);
  pf_try(pf_net_measure(net, input->dim, input->ndim, &wants));
  if (wants <= has) return PFLOW_OK;
  return pf_fail(PFLOW_EFORMAT, "the network has %zu values, the file %zu", wants, has);
}

static pflow_err build_described(pflow_net *net, const pflow_archive *archive,
                                 const char *prefix) {
  pflow_shape input;
  pf_try(pf_net_described(net, &input, archive, prefix));
  pf_try(pf_blame_file(check_values(net, &input, archive), archive->source));
  pf_try(pf_blame_file(pflow_net_build(net, input.dim, input.ndim), archive->source));
  return pflow_archive_get_net(archive, prefix, net);
}

pflow_err pflow_archive_build_net(const pflow_archive *archive, const char *prefix,
                                  pflow_net **net, const pflow_net_config *config) {
  pf_need(net);
  *net = NULL;
  pf_need(archive);
  pf_need(prefix);
  pflow_net *made;
  pf_try(pflow_net_create(&made, config));
  pflow_err rc = build_described(made, archive, prefix);
  if (rc < 0)
    pflow_net_destroy(made);
  else
    *net = made;
  return rc;
}

pflow_err pflow_net_save(const pflow_net *net, const char *path) {
  pf_need(net);
  pf_need(path);
  pflow_archive *archive;
  pf_try(pflow_archive_create(&archive));
  pflow_err rc = pflow_archive_put_net(archive, "", net);
  if (rc >= 0) rc = pflow_archive_save(archive, path);
  pflow_archive_destroy(archive);
  return rc;
}

pflow_err pflow_net_load(pflow_net **net, const char *path,
                         const pflow_net_config *config) {
  pf_need(net);
  *net = NULL;
  pf_need(path);
  pflow_archive *archive;
  pf_try(pflow_archive_load(&archive, path));
  pflow_err rc = pflow_archive_build_net(archive, "", net, config);
  pflow_archive_destroy(archive);
  return rc;
}
