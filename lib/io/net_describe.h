/*
 * net_describe.h - the layers of a network as a text in an archive.
 */
#ifndef LIBPFLOW_NET_DESCRIBE_H
#define LIBPFLOW_NET_DESCRIBE_H

#include "io/archive.h"

/* Stores what a built network is made of. PFLOW_EINVAL naming layer and attribute. */
pflow_err pf_net_describe(pflow_archive *archive, const char *prefix,
                          const pflow_net *net);

/* Adds the layers described to an empty network; *input is the shape to build it for. */
pflow_err pf_net_described(pflow_net *net, pflow_shape *input,
                           const pflow_archive *archive, const char *prefix);

/*
 * PFLOW_EINVAL naming layer and both kinds when the layers described are not those of
 * net. An archive without description, perhaps of another program, passes.
 */
pflow_err pf_net_check_kinds(const pflow_archive *archive, const char *prefix,
                             const pflow_net *net);

#endif
