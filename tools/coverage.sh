#!/usr/bin/env bash
# Usage: tools/coverage.sh
#
# Runs the tests in a build that counts, and prints the share of lines and branches of src/ that they ran, by module.
# Fails where the lines of src/ as a whole are below 85 %.
set -euo pipefail
cd "$(dirname "$0")/.."
required=85
tools/make_models.sh resnet50
export ONDA_TEST_MODELS=$PWD/build/models
tools/configure.sh coverage
cmake --build build/coverage
find build/coverage -name '*.gcda' -delete
(cd build/coverage && ctest --output-on-failure -j "$(nproc)" --no-tests=error -LE '^long$')
gcovr --root . --object-directory build/coverage --filter src/ --exclude-throw-branches \
  --exclude-unreachable-branches --json-summary build/coverage/summary.json --json-summary-pretty \
  --html-details build/coverage/report.html -j "$(nproc)" > build/coverage/gcovr.log 2>&1 ||
  { cat build/coverage/gcovr.log >&2; exit 1; }
python3 tools/summarise_coverage.py build/coverage/summary.json $required
echo "by line: build/coverage/report.html"
