#!/bin/sh
# Prints the tables of a comparison again, or puts them into a page.
#
#   sh tests/bench/report.sh [FILE.json [PAGE.md]]      default build/bench/compare.json
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- build/bench/compare.json
exec /usr/bin/python3 tests/bench/report.py "$@"
