#!/bin/sh
# Installs a built tree into a scratch prefix and uses it from outside: by pkg-config and by
# find_package, shared and static, in C and in C++; then the library alone, built where there is
# no cairo and no Check. Ends with "N passed, N failed".
#
#   sh tests/install.sh [BUILD_FOLDER]
set -u
cd "$(dirname "$0")/.." || exit 1
. cmake/need.sh
# shellcheck disable=SC2086
need_packages $build_packages g++
root=$PWD
build=$(cd "${1:-build}" && pwd) || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
passed=0
failed=0

# check NAME COMMAND...: counts one result, and shows the output of a failure.
check() {
  name=$1
  shift
  if "$@" >"$scratch/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    cat "$scratch/log"
  fi
}

check "cmake --install" cmake --install "$build" --prefix "$prefix"
libdir=$(dirname "$(find "$prefix" -name libpflow.a)")
PKG_CONFIG_PATH=$libdir/pkgconfig
LD_LIBRARY_PATH=$libdir
export PKG_CONFIG_PATH LD_LIBRARY_PATH
cp -r tests/install "$scratch/consumer"
cd "$scratch/consumer" || exit 1
cp consumer.c consumer.cpp

# pkg_build NAME COMPILER SOURCE: shared, then static, both run.
pkg_build() {
  # shellcheck disable=SC2046
  $2 "$3" -o "$1.shared" $(pkg-config --cflags --libs pflow) && "./$1.shared"
}
pkg_build_static() {
  # shellcheck disable=SC2046
  $2 "$3" -o "$1.static" $(pkg-config --cflags pflow) "$libdir/libpflow.a" \
    $(pkg-config --static --libs pflow | sed 's/-lpflow//') && "./$1.static"
}
check "pkg-config, shared, C" pkg_build c "cc -std=c11" consumer.c
check "pkg-config, shared, C++" pkg_build cpp "c++ -std=c++11" consumer.cpp
check "pkg-config, static, C" pkg_build_static c "cc -std=c11" consumer.c
check "pkg-config, static, C++" pkg_build_static cpp "c++ -std=c++11" consumer.cpp

find_package_build() {
  cmake -S . -B out -DCMAKE_PREFIX_PATH="$prefix" && cmake --build out
}
check "find_package, configure and build" find_package_build
for program in c_pflow cpp_pflow c_pflow_static cpp_pflow_static; do
  check "find_package, run $program" "./out/$program"
done
# The command finds its library by its own place.
command_there() {
  env -u LD_LIBRARY_PATH "$prefix/bin/pflow" --version &&
    [ -f "$prefix/share/man/man1/pflow.1" ] &&
    [ -f "$prefix/share/bash-completion/completions/pflow" ]
}
command_moved() {
  mv "$prefix" "$scratch/moved" && env -u LD_LIBRARY_PATH "$scratch/moved/bin/pflow" --version
}
check "pflow, its manual and completion" command_there
check "pflow from a moved tree" command_moved

# A pkg-config that knows neither, so that building anything but the library would fail.
cat >"$scratch/pkg-config" <<'SCRIPT'
#!/bin/sh
case " $* " in *" cairo "* | *" check "*) exit 1 ;; esac
exec pkg-config "$@"
SCRIPT
chmod +x "$scratch/pkg-config"
configure_alone() {
  cmake -S "$root" -B "$scratch/alone" -DPKG_CONFIG_EXECUTABLE="$scratch/pkg-config" \
    -DCMAKE_BUILD_TYPE=Debug "$@"
}
refused_with_command() {
  ! configure_alone -DPFLOW_BUILD_TESTS=OFF -DPFLOW_BUILD_EXAMPLES=OFF
}
build_alone() {
  configure_alone -DPFLOW_BUILD_COMMAND=OFF -DPFLOW_BUILD_TESTS=OFF \
    -DPFLOW_BUILD_EXAMPLES=OFF && cmake --build "$scratch/alone" -j "$(nproc)" &&
    cmake --install "$scratch/alone" --prefix "$scratch/lone"
}
no_command() {
  [ ! -e "$scratch/lone/bin" ] && [ ! -e "$scratch/lone/share" ]
}
check "without cairo the command is refused" refused_with_command
check "without cairo the library alone is built" build_alone
check "it installs no command" no_command
libdir=$(dirname "$(find "$scratch/lone" -name libpflow.a)")
PKG_CONFIG_PATH=$libdir/pkgconfig
LD_LIBRARY_PATH=$libdir
check "it is used by a C program" pkg_build lone_c "cc -std=c11" consumer.c
check "and by a static one" pkg_build_static lone_c "cc -std=c11" consumer.c
echo "$passed passed, $failed failed"
[ $failed = 0 ]
