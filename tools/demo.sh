#!/usr/bin/env bash
# Classifies the held-out images of examples/digits with build/release/onda: ten of them in a table, then all of them,
# and fails below 97 %. Then serves the model and classifies some of them over HTTP. Give another program as the first
# argument.
set -euo pipefail
cd "$(dirname "$0")/.."

onda="${1:-build/release/onda}"
dir=examples/digits
least=97

if [[ ! -x $onda ]]; then
  echo "tools/demo.sh: $onda is not built; type make demo, or make build" >&2
  exit 1
fi

# `onda run` prints a heading and then a line an image: file, label, probability, "%". The truth is in manifest.csv.
# Prints the joined lines as "file truth answer probability", and fails where an image has no line.
classify() {
  "$onda" run $dir/digits.onnx --labels $dir/labels.txt --top 1 "$@" |
    awk -v dir=$dir '
      BEGIN { while ((getline line < (dir "/manifest.csv")) > 0) { split(line, f, ","); truth[dir "/" f[1]] = f[2] } }
      NR > 1 { if (!($1 in truth)) { print "tools/demo.sh: unexpected line: " $0 > "/dev/stderr"; exit 1 }
               print $1, truth[$1], $2, $3 }'
}

# The first image of each class, told by the part of the name before the underscore.
some=()
for class in 0 1 2 3 4 5 6 7 8 9; do
  files=("$dir"/images/"${class}"_*.png)
  some+=("${files[0]}")
done

echo "Ten of the images that the model was not trained on:"
echo
classify "${some[@]}" | awk '
  BEGIN { printf "  %-34s  %5s  %6s  %11s\n", "image", "truth", "answer", "probability" }
  { printf "  %-34s  %5s  %6s  %9s %%  %s\n", $1, $2, $3, $4, $2 == $3 ? "" : "wrong" }'

echo
echo "All of them:"
echo
images=("$dir"/images/*.png)
classify "${images[@]}" | awk -v expected=${#images[@]} -v least=$least '
  { total++; if ($2 == $3) right++; else wrong[++misses] = $0 }
  END {
    if (total != expected) { printf "  %d images, but %d answers\n", expected, total; exit 1 }
    for (i = 1; i <= misses; i++) { split(wrong[i], f, " "); printf "  %s is a %s, answered %s\n", f[1], f[2], f[3] }
    accuracy = 100 * right / total
    printf "  accuracy: %d of %d, %.2f %%\n", right, total, accuracy
    if (accuracy < least) { printf "  below the %d %% that is expected\n", least; exit 1 }
  }'

# ---- the same model as a service

work=$(mktemp -d)
server=
# shellcheck disable=SC2317,SC2329  # called by the trap
finish() {
  [[ -n $server ]] && kill "$server" 2>/dev/null && wait "$server"
  rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/models/digits/1"
cp $dir/digits.onnx "$work/models/digits/1/model.onnx"
cp $dir/labels.txt "$work/models/digits/labels.txt"
cat > "$work/models/digits/config.pbtxt" <<'CONFIG'
output [ { name: "probabilities" label_filename: "labels.txt" } ]
parameters { key: "onda.preprocess" value: { string_value: "color=grey" } }
CONFIG

echo
echo "The same model as a service, on a free port:"
echo
ONDA_CACHE_DIR=$work/cache "$onda" serve --models "$work/models" --http-port 0 --grpc-port 0 --metrics-port 0 \
    > "$work/ready" 2> "$work/log" &
server=$!
for _ in $(seq 200); do
  grep -q '^ready' "$work/ready" && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.05
done
if ! grep -q '^ready' "$work/ready"; then
  echo "tools/demo.sh: the server did not start:" >&2
  cat "$work/log" >&2
  exit 1
fi
sed 's/^/  /' "$work/ready"
address=$(sed -nE 's/^ready http=([^ ]+) .*/\1/p' "$work/ready")

for image in "${some[@]:0:3}"; do
  echo
  echo "  \$ curl --data-binary @$image 'http://$address/v2/models/digits/classify?top=2'"
  answer=$(curl --silent --show-error --fail --data-binary "@$image" "http://$address/v2/models/digits/classify?top=2")
  echo "  $answer"
  truth=$(basename "$image")
  truth=${truth%%_*}
  if [[ $answer != *"\"classes\":[{\"index\":$truth,"* ]]; then
    echo "tools/demo.sh: the image is a $truth" >&2
    exit 1
  fi
done
kill "$server"
wait "$server"
server=
