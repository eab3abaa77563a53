#!/usr/bin/env bash
# Usage: tools/make_models.sh NAME...
#
# Writes build/models/NAME.onnx with tools/make_NAME.py, made again where its generator has changed. These are the
# models that are too large to be committed, or that only benchmarks want.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/models
for name in "$@"; do
  model=build/models/$name.onnx
  [[ tools/make_$name.py -nt $model || tools/onnx_model.py -nt $model ]] || continue
  python=$(tools/python.sh tools/requirements.txt)
  "$python" "tools/make_$name.py" -o "$model"
done
