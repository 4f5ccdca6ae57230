#!/bin/sh
# Times libpflow and PyTorch in turn on the same jobs and prints their ratio.
#
#   sh tests/bench/compare.sh [OPTION ...]
#
#   --rounds N          rounds of each job, both sides in turn (5)
#   --jobs A,B          only these (all; --help names them); maps: those of the uniformity map
#   --threads N         of both sides (one a processor)
#   --json FILE         every round's figures (BUILD/bench/compare.json); a file that is
#                       there keeps the parts that this run does not measure
#   --build DIR         the built tree (build)
#   --scale             instead: how the cost grows with rows, sources, widths, with a
#                       picture (--plot FILE, docs/scaling.png)
#   --threads-scaling   instead: one thread against all, and two callers at a time
#   --no-peer           libpflow alone: needs no PyTorch
#
# Needs a built tree; installs Debian's python3-torch where it can. tests/bench/report.sh
# prints the tables of a JSON file again, or puts them into a page.
set -eu
cd "$(dirname "$0")/../.."
. cmake/need.sh
case " $* " in
  *" --no-peer "* | *" --help "* | *" -h "*) need_packages python3 ;;
  *) need_packages python3 python3-torch python3-numpy ;;
esac
exec /usr/bin/python3 tests/bench/compare.py "$@"
