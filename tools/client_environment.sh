#!/usr/bin/env bash
# Usage: tools/client_environment.sh
#
# Prints a folder with the clients that nobody here wrote: bin/python, which has the packages of
# tests/clients/requirements.txt, and bin/perf_analyzer. It lives in the cache, made once for each content of that file;
# once it is there this takes a moment and no network.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=tests/clients/requirements.txt
# The last wheel that has perf_analyzer in it, and the CUDA runtime that it is linked with and never uses without a GPU.
perf_analyzer=tritonclient==2.46.0
cuda_runtime=nvidia-cuda-runtime-cu12==12.9.79
tools/setup.sh python test >&2

cache=${ONDA_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/onda}/clients
key=$({ python3 -c 'import sys; print(sys.prefix, sys.version)'; cat "$requirements" "$0"; } | sha256sum | cut -c1-16)
environment=$cache/$key

# unpack_wheel WHEEL MEMBER FOLDER: the one file of the wheel whose path ends in MEMBER.
unpack_wheel() {
  python3 - "$@" <<'PYTHON'
import pathlib, sys, zipfile
wheel, member, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    [path] = [name for name in archive.namelist() if name.endswith("/" + member)]
    target = pathlib.Path(folder, member)
    target.write_bytes(archive.read(path))
    target.chmod(0o755)
PYTHON
}

make_environment() {
  rm -rf "$environment"
  python3 -m venv "$environment"
  local pip=("$environment/bin/pip" --quiet --disable-pip-version-check)
  "${pip[@]}" install --no-deps --no-compile -r "$requirements"

  local wheels=$environment/wheels tools=$environment/perf_analyzer
  mkdir -p "$wheels" "$tools"
  "${pip[@]}" download --no-deps --dest "$wheels" --only-binary=:all: --platform manylinux1_x86_64 "$perf_analyzer"
  "${pip[@]}" download --no-deps --dest "$wheels" --only-binary=:all: "$cuda_runtime"
  unpack_wheel "$wheels"/tritonclient-*.whl perf_analyzer "$tools"
  unpack_wheel "$wheels"/nvidia_cuda_runtime_*.whl libcudart.so.12 "$tools"
  rm -rf "$wheels"
  cat > "$environment/bin/perf_analyzer" <<RUN
#!/bin/sh
LD_LIBRARY_PATH="$tools\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}" exec "$tools/perf_analyzer" "\$@"
RUN
  chmod +x "$environment/bin/perf_analyzer"
  touch "$environment/complete"
}

if [[ ! -e $environment/complete ]]; then
  mkdir -p "$cache"
  exec 9> "$cache/$key.lock"
  flock 9
  if [[ ! -e $environment/complete ]]; then
    echo "Making the environment of the client tests" >&2
    make_environment >&2
  fi
fi
echo "$environment"
