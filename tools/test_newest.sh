#!/usr/bin/env bash
# Usage: tools/test_newest.sh
#
# Runs the tests of the release build with a newer ONNX Runtime than the one whose headers Onda is compiled against:
# the library in PyPI's onnxruntime wheel. Fetched once, into the cache, and checked against pinned digests.
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.32.0
wheel_sha256=99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8
library_sha256=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f

cache=${ONDA_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/onda}/onnxruntime
library=$cache/$version-linux-x64/lib/libonnxruntime.so.$version
if [[ ! -e $library ]]; then
  python=$(tools/python.sh /dev/null)
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/$version.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "onnxruntime==$version --hash=sha256:$wheel_sha256" > "$work/requirements.txt"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --python-version 3.12 --implementation cp --abi cp312 --platform manylinux_2_28_x86_64 \
    --dest "$work" -r "$work/requirements.txt"
  "$python" -m zipfile -e "$work"/onnxruntime-*.whl "$work/wheel"
  mkdir -p "$work/whole/lib"
  mv "$work/wheel/onnxruntime/capi/libonnxruntime.so.$version" "$work/whole/lib/"
  echo "$library_sha256  $work/whole/lib/libonnxruntime.so.$version" | sha256sum --check --quiet
  # Appears whole or not at all; another run may have been first.
  mv -T "$work/whole" "$cache/$version-linux-x64" 2> /dev/null || [[ -e $library ]]
fi
echo "ONNX Runtime $version: $library"
ONDA_ONNXRUNTIME=$library tools/test.sh release
