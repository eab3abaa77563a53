#!/usr/bin/env bash
# Usage: tools/python.sh REQUIREMENTS.txt
#
# Prints the path of a Python that has these packages. It lives in a virtual environment in the cache, made once for
# each content of the file; with an empty file it has pip and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=$1
tools/setup.sh python >&2

cache=${ONDA_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/onda}/python
key=$({ python3 -c 'import sys; print(sys.prefix, sys.version)'; cat "$requirements"; } | sha256sum | cut -c1-16)
environment=$cache/$key
if [[ ! -e $environment/complete ]]; then
  mkdir -p "$cache"
  exec 9> "$cache/$key.lock"
  flock 9
  if [[ ! -e $environment/complete ]]; then
    echo "Making a Python environment for $requirements" >&2
    rm -rf "$environment"
    python3 -m venv "$environment" >&2
    if [[ -s $requirements ]]; then
      "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
    fi
    touch "$environment/complete"
  fi
fi
echo "$environment/bin/python"
