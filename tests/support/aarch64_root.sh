#!/bin/sh
# Makes FOLDER/root, the Debian packages that libpflow needs for aarch64, unpacked, and
# FOLDER/aarch64.cmake, with which CMake builds for it here and ctest runs under qemu.
# Installs nothing on this machine; wants its apt's package sources.
#   aarch64_root.sh FOLDER PACKAGE...
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
[ ! -e "$folder/aarch64.cmake" ] || exit 0
root=$folder/root libraries=usr/lib/aarch64-linux-gnu
mkdir -p "$root" "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
: >"$folder/apt/status"
cat >"$folder/apt/conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt/cache";
Debug::NoLocking "true";
END
export APT_CONFIG="$folder/apt/conf"
apt-get -q update >"$folder/apt/log" 2>&1
apt-get -q install -y --no-install-recommends --download-only "$@" libc6-dev \
  >>"$folder/apt/log" 2>&1
for package in "$folder"/apt/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$root"
done
# Links to places of a system's root stay within this one.
find "$root" -type l -lname '/*' | while read -r link; do
  ln -sfn "$root$(readlink "$link")" "$link"
done
# Debian's alternatives would bring its files to where the others are.
blas=/$libraries/openblas-pthread
cat >"$folder/aarch64.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_SYSROOT $root)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-Wl,-rpath-link,$root$blas:$root/$libraries:$root/lib/aarch64-linux-gnu")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "\${CMAKE_EXE_LINKER_FLAGS_INIT}")
set(ENV{PKG_CONFIG_SYSROOT_DIR} $root)
set(ENV{PKG_CONFIG_LIBDIR}
    "$root$blas/pkgconfig:$root/$libraries/pkgconfig:$root/usr/share/pkgconfig")
set(CMAKE_CROSSCOMPILING_EMULATOR
    "qemu-aarch64;-L;$root;-E;LD_LIBRARY_PATH=$blas:/$libraries:/lib/aarch64-linux-gnu")
END
