#!/bin/sh
# Fails when an include points up the layers (the table is in CONTRIBUTING.md).
set -u
# folder: the folders of lib/ that it may include, besides itself and base
allowed='
base:
tensor:
kernels:
ode: kernels
nn: tensor kernels
optim: tensor
data: tensor
field: tensor kernels nn ode optim
eval: tensor kernels optim
train: nn optim data
io: tensor nn optim field
map: tensor kernels nn optim data field ode eval train io
'
# Public headers of these folders; every other one is named after its folder.
base_headers='error memory random threads file cpu'
data_headers='data rows'
nn_headers='nn contrast'
map_headers='map affine'
eval_headers='eval measures neighbours probes stats'
field_headers='field denoiser'
status=0

complain() {
  echo "$1 includes $2: not below $3"
  status=1
}

for file in $(find lib -name '*.[ch]'); do
  folder=${file#lib/}
  folder=${folder%%/*}
  line=$(printf '%s' "$allowed" | grep "^$folder:") || {
    echo "$file: folder $folder is not in the table"
    status=1
    continue
  }
  may=" base $folder ${line#*:} "
  for name in $(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file"); do
    case $name in
    pflow/*)
      target=$(basename "$name" .h)
      case " $base_headers " in *" $target "*) target=base ;; esac
      case " $data_headers " in *" $target "*) target=data ;; esac
      case " $nn_headers " in *" $target "*) target=nn ;; esac
      case " $eval_headers " in *" $target "*) target=eval ;; esac
      case " $map_headers " in *" $target "*) target=map ;; esac
      case " $field_headers " in *" $target "*) target=field ;; esac
      ;;
    */*) target=${name%%/*} ;;
    *) target=unknown ;;
    esac
    case "$may" in *" $target "*) ;; *) complain "$file" "$name" "$folder" ;; esac
  done
done

# io/json_load.h stands alone: the command is built with it too.
lib_headers='#include "(base|tensor|kernels|nn|optim|field|ode|eval|data|io|map|train)/'
for file in $(find src examples -name '*.[ch]' 2>/dev/null) lib/io/json_load.c lib/io/json_load.h; do
  case $file in
  examples/*) may='^$' ;;
  *) may='include "io/json_load.h"$' ;;
  esac
  grep -nE "$lib_headers" "$file" | grep -v "$may" && complain "$file" "a header of lib/" "include/"
done
[ $status = 0 ] && echo "every include points down"
exit $status
