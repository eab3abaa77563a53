#!/usr/bin/env bash
# Usage: tools/test.sh [PART...]          parts: release asan tsan fuzz lint long; all but long where none is named
#
# Runs the tests; long are those that take minutes, gigabytes of disk and memory. Every part runs even when one before it failed. At the end: the minutes of each part, ctest's closing
# lines, and one line with the sum of all that passed, failed and was skipped. Exits with 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
[[ $# -gt 0 ]] && parts=("$@") || parts=(release asan tsan fuzz lint)
results=build/test-results
rm -rf "$results"
mkdir -p "$results"
fuzz_seconds=${ONDA_FUZZ_SECONDS:-10}

# Where addresses are spread over more bits than the thread sanitizer of clang 16 knows of, its programs do not start
# unless that is turned off for them.
without_randomisation=()
if [[ $(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0) -gt 28 ]] && setarch -R true 2>/dev/null; then
  without_randomisation=(setarch -R)
fi

# run_ctest PART PRESET CTEST-ARGUMENTS...
run_ctest() {
  local part=$1 preset=$2
  shift 2
  (cd "build/$preset" && "${prefix[@]}" ctest --output-on-failure -j "$(nproc)" --no-tests=error \
      --output-junit "$PWD/../../$results/$part.xml" "$@" < /dev/null) 2>&1 | tee "$results/$part.log"
  local status=${PIPESTATUS[0]}
  sed -n '/tests passed,/,$p' "$results/$part.log" > "$results/$part.closing"
  return "$status"
}

# build_part PRESET TARGET SETTINGS...
build_part() {
  local preset=$1 target=$2
  shift 2
  tools/configure.sh "$preset" "$@" && "${prefix[@]}" cmake --build "build/$preset" --target "$target"
}

# What is too large to be committed. With the variable set, a test that does not find its model fails; by hand it skips.
make_test_models() {
  tools/make_models.sh resnet50 && export ONDA_TEST_MODELS=$PWD/build/models
}

run_part() {
  prefix=()
  case $1 in
    release) make_test_models && build_part release all ONDA_BUILD_TESTS=ON && run_ctest release release -LE '^long$' ;;
    asan) build_part asan onda_unit_tests && run_ctest asan asan -L '^unit$' ;;
    tsan) prefix=("${without_randomisation[@]}")
          build_part tsan onda_threads_tests && run_ctest tsan tsan -L '^threads$' ;;
    fuzz) build_part fuzz onda_fuzzers && tools/fuzz.sh "$fuzz_seconds" "$results/fuzz.txt" ;;
    lint) tools/lint.sh --changed ;;
    long) build_part release onda_long_tests ONDA_BUILD_TESTS=ON && run_ctest long release -L '^long$' ;;
    *) echo "tools/test.sh: there is no part \"$1\"; parts are release, asan, tsan, fuzz, lint, long" >&2; return 2 ;;
  esac
}

failed=0
for part in "${parts[@]}"; do
  echo
  echo "==== $part"
  start=$SECONDS
  if run_part "$part"; then outcome=passed; else outcome=failed; failed=1; fi
  printf '%s\t%s\t%d\n' "$part" "$outcome" $((SECONDS - start)) >> "$results/parts.txt"
done
echo
python3 tools/summarise_tests.py "$results" || failed=1
exit $failed
