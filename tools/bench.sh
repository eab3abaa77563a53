#!/usr/bin/env bash
# Usage: tools/bench.sh [NAME...]
#
# Builds and runs the benchmarks (those named, or all but the long ones, which `make bench-memory`, `make bench-serve`
# and `make bench-peers` name), each of which prints its table and writes build/bench/<name>.json. Runs all of them even
# if one fails. ONDA_BENCH_QUICK=1 makes serve and peers take a few minutes.
set -uo pipefail
cd "$(dirname "$0")/.."
tools/configure.sh release ONDA_BUILD_BENCH=ON ONDA_BUILD_TESTS?=OFF || exit 1
cmake --build build/release --target onda onda_benchmarks || exit 1

# The models that are measured.
tools/make_models.sh tiny resnet50 transformer batching_model || exit 1
export ONDA_BENCH_MODELS=$PWD/build/models

long=" allocation mix serve peers "
# shellcheck source=bench/peers/prepare.sh
[[ " $* " != *" peers "* ]] || source bench/peers/prepare.sh
mkdir -p build/bench
export ONDA_BENCH_OUTPUT=$PWD/build/bench
failed=0
for program in build/release/onda_bench_*; do
  name=${program##*onda_bench_}
  # The benchmarks' own unit tests are no benchmark.
  [[ $name != tests ]] || continue
  if [[ $# -eq 0 ]]; then
    [[ $long != *" $name "* ]] || continue
  else
    [[ " $* " == *" $name "* ]] || continue
  fi
  echo
  echo "==== $name"
  "$program" || { echo "$name failed" >&2; failed=1; }
done
exit $failed
