#!/bin/sh
# Builds libpflow and runs the quick form of the experiment on real images.
#
#   sh examples/quickstart.sh [--data DIR] [OPTION ...]
#
# Images: --data DIR or $PFLOW_DATA if given; else CIFAR-10 from its official page; else
# Fashion-MNIST from Debian's package; else the synthetic set. Other options go to the
# program (build/bin/cifar10 --help). Results: out/quickstart.
set -eu
start=$PWD
cd "$(dirname "$0")/.."
. cmake/need.sh

cifar_page=https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz
cifar_md5=c32a1d4ab5d03f1284b67883e8d87530
fashion=/usr/share/datasets/fashion-mnist

# Takes --data out of the options, wherever it stands.
data=${PFLOW_DATA:-}
wanted=
for word; do
  shift
  case $wanted$word in
    --help | -h) sed -n '2,/^set/s/^# \{0,1\}//p' examples/quickstart.sh && exit ;;
    --data) wanted=yes: ;;
    yes:*) data=$word wanted= ;;
    --data=*) data=${word#--data=} ;;
    *) set -- "$@" "$word" ;;
  esac
done
[ -z "$wanted" ] || { echo "--data wants a folder"; exit 2; }
case $data in ''|/*|synthetic) ;; *) data=$start/$data ;; esac

# shellcheck disable=SC2086
need_packages $build_packages
mkdir -p build
build() {
  cmake -S . -B build -DPFLOW_BUILD_EXAMPLES=ON &&
    cmake --build build --target cifar10 pflow_command -j "$(nproc)"
}
echo "building"
{ build 2>&1 && echo built; } | tee build/quickstart.log | awk '
  /^\[ *[0-9]+%\]/ {
    done = substr($0, 2, 3) + 0
    if (done >= due + 20) { due = done - done % 20; print "  " due " %"; fflush() }
  }'
[ "$(tail -n 1 build/quickstart.log)" = built ] || {
  tail -n 40 build/quickstart.log
  echo "the build failed; the whole log is build/quickstart.log"
  exit 1
}

fetch() {
  if command -v curl >/dev/null; then
    curl -fsSL --connect-timeout 10 --speed-time 30 --speed-limit 1000 -o "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -q --timeout=10 --tries=1 -O "$2" "$1"
  else
    return 1
  fi
}

# CIFAR-10 in build/data, downloaded once and checked.
get_cifar() {
  folder=build/data
  [ -f $folder/cifar-10-batches-bin/test_batch.bin ] && return
  mkdir -p $folder
  echo "downloading CIFAR-10 (170 MB) from $cifar_page"
  if ! fetch $cifar_page $folder/cifar.part; then
    echo "the page cannot be reached"
    rm -f $folder/cifar.part
    return 1
  fi
  if [ "$(md5sum <$folder/cifar.part | cut -d ' ' -f 1)" != $cifar_md5 ]; then
    echo "the file's md5 is not $cifar_md5: not used"
    rm -f $folder/cifar.part
    return 1
  fi
  # Unpacked beside its place: an interrupted tar leaves no half of it there.
  rm -rf $folder/new $folder/cifar-10-batches-bin && mkdir $folder/new &&
    tar -xzf $folder/cifar.part -C $folder/new &&
    mv $folder/new/cifar-10-batches-bin $folder/ &&
    rm -rf $folder/new $folder/cifar.part
}

get_fashion() {
  [ -f $fashion/train-images-idx3-ubyte.gz ] && return
  echo "installing Debian's package dataset-fashion-mnist"
  can_install && install_packages dataset-fashion-mnist 2>/dev/null &&
    [ -f $fashion/train-images-idx3-ubyte.gz ]
}

if [ -n "$data" ]; then
  echo "images: $data, as asked"
elif get_cifar; then
  data=build/data
  echo "images: CIFAR-10"
elif get_fashion; then
  data=$fashion
  echo "images: Fashion-MNIST, because CIFAR-10 could not be downloaded"
else
  data=synthetic
  echo "images: synthetic, because neither CIFAR-10 nor Debian's package could be had"
fi

mkdir -p out
build/bin/cifar10 --preset quick --data "$data" --out out/quickstart "$@"
echo
echo "These are one network and one seed: a point between rows may be chance. What holds on"
echo "more of them is in docs/experiment.md. Vectors of your own: build/bin/pflow compare --help"
