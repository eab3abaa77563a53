#!/usr/bin/env bash
# Usage: tools/fuzz.sh SECONDS [RESULTS]
#
# Runs each fuzz target of build/fuzz that long, as many at a time as there are cores, from its committed corpus.
# RESULTS, if given, gets one line a target: "passed" or "failed", a tab, its name. An input that fails a target stays
# in build/fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
results=${2:-/dev/null}
mkdir -p build/fuzz/artifacts build/fuzz/logs
: > "$results"

run_one() {
  local program=$1 corpus=$2 seconds=$3 results=$4 found log=build/fuzz/logs/$1.log
  # New inputs go to the first directory; they are kept in the build tree, so that a longer run goes on from them.
  found=build/fuzz/found/$program
  mkdir -p "$found"
  if build/fuzz/"$program" "$found" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -print_final_stats=1 -artifact_prefix="build/fuzz/artifacts/$program-" < /dev/null > "$log" 2>&1; then
    printf 'passed\tfuzz.%s\n' "$program" >> "$results"
    echo "$program: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, no failure"
  else
    printf 'failed\tfuzz.%s\n' "$program" >> "$results"
    echo "$program: FAILED"
    tail -n 60 "$log"
  fi
}
export -f run_one

[[ -s build/fuzz/fuzz_targets.txt ]] || { echo "build/fuzz has no fuzz targets" >&2; exit 1; }
while IFS=$'\t' read -r program corpus; do
  printf '%s\0%s\0%s\0%s\0' "$program" "$corpus" "$seconds" "$results"
done < build/fuzz/fuzz_targets.txt |
  xargs -0 -n 4 -P "$(nproc)" bash -c 'run_one "$@"' run_one
! grep -q ^failed "$results"
