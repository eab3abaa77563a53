#!/usr/bin/env bash
# Usage: tools/configure.sh PRESET [NAME=VALUE | NAME?=VALUE]...
#
# Configures build/PRESET where that has not been done, or where a cache variable has another value than NAME=VALUE
# says. NAME?=VALUE counts only the first time.
# CMake's output is shown only if it fails, but for what is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
cache=build/$preset/CMakeCache.txt
arguments=()
current=$([[ -f build/$preset/build.ninja ]] && echo yes || echo no)
configured=$current
for setting in "$@"; do
  if [[ $setting == *\?=* ]]; then
    [[ $configured == no ]] && arguments+=("-D${setting/\?=/=}")
    continue
  fi
  arguments+=("-D$setting")
  grep -qs "^${setting%%=*}:[A-Z]*=${setting#*=}\$" "$cache" || current=no
done
[[ $current == yes ]] && exit 0

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" "${arguments[@]}" 2>&1 | tee "$log" | { grep --line-buffered "Onda:" || true; }; then
  cat "$log" >&2
  echo "Cannot configure build/$preset; CMake's output is above" >&2
  exit 1
fi
