#!/usr/bin/env bash
# Usage: tests/clients/run.sh MODELS-FOLDER TEST.py [TESTS...]     ONDA_PROGRAM names the program to test
#
# Runs one of the tests here with the clients' Python, over the models that tools/make_serving_models.py makes there.
# Both are made where they are missing; TEST.py may be "none", to make them and no more.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
models=$1
test=$2
shift 2
environment=$("$root/tools/client_environment.sh")

generator=("$root"/tools/make_serving_models.py "$root"/tools/onnx_model.py "$root"/tools/test_models/entry.py)
key=$(cat "${generator[@]}" "$root/tests/clients/requirements.txt" | sha256sum | cut -c1-16)
folder=$models/$key
if [[ ! -e $folder/complete ]]; then
  mkdir -p "$models"
  exec 9> "$models/lock"
  flock 9
  if [[ ! -e $folder/complete ]]; then
    "$environment/bin/python" "${generator[0]}" -o "$folder" >&2
    touch "$folder/complete"
  fi
  exec 9>&-
fi
[[ $test == none ]] && exit
export ONDA_SOURCE_DIR=$root ONDA_CLIENTS=$environment ONDA_SERVING_MODELS=$folder
exec "$environment/bin/python" "$root/tests/clients/$test" "$@"
