#!/usr/bin/env bash
# Usage: run.sh CMAKE BUILD-TREE COMPILER LIBDIR VERSION
set -euo pipefail
cmake=$1 build=$2 compiler=$3 libdir=$4 version=$5
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

"$cmake" --install "$build" --prefix "$prefix" > "$work/install.log"

# The tree is moved once: nothing in it may know where it was installed.
mv "$prefix" "$work/moved"
prefix=$work/moved
if grep -rqs "$work/prefix" "$prefix/$libdir/cmake" "$prefix/$libdir/pkgconfig"; then
  echo "an installed file names the prefix" >&2
  exit 1
fi

"$cmake" -S "$here/program" -B "$work/cmake" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" > "$work/configure.log" ||
  { cat "$work/configure.log"; exit 1; }
"$cmake" --build "$work/cmake" > "$work/build.log" || { cat "$work/build.log"; exit 1; }

export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
# shellcheck disable=SC2046  # pkg-config's answer is meant to be split into words
"$compiler" "$here/program/program.cpp" -o "$work/by_pkg_config" $(pkg-config --cflags --libs onda)

# With an empty environment: the runtime is found beside the program, as a user would link it there.
digits=$here/../../examples/digits
for program in "$work/cmake/program" "$work/by_pkg_config"; do
  ln -sf "$prefix/lib/onda/libonnxruntime.so.1" "$(dirname "$program")/"
  output=$(env -i HOME="$work" "$program" "$digits/digits.onnx" "$digits/images/7_0017.png")
  echo "$program: $output"
  [[ $output == "onda $version on ONNX Runtime "*": class 7" ]]
done

# The installed program finds the installed runtime by itself.
output=$(env -i HOME="$work" "$prefix/bin/onda" --version)
echo "$prefix/bin/onda --version: $output"
[[ $output == *"$version"* ]]
