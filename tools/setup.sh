#!/usr/bin/env bash
# Usage: tools/setup.sh GROUP...     (groups of tools/packages.txt: build, test, bench, coverage, python)
#
# Installs the Debian packages of these groups that are missing. What is there, from wherever, is left alone; where
# nothing is missing this takes a moment and no network. Needs root or sudo only if something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

include_dirs=(/usr/include /usr/local/include "/usr/include/$(uname -m)-linux-gnu")

is_there() {
  local what=${1#*:} dir
  case $1 in
    command:*) command -v "$what" >/dev/null ;;
    header:*)
      for dir in "${include_dirs[@]}"; do [[ -e $dir/$what ]] && return; done
      return 1 ;;
    pkg:*) pkg-config --exists "$what" 2>/dev/null ;;
    file:*) [[ -e $what ]] ;;
    python:*) python3 -c "import $what" 2>/dev/null ;;
    *) echo "tools/packages.txt: \"$1\" is no way to see a package" >&2; exit 2 ;;
  esac
}

missing=()
while read -r package how group rest; do
  [[ -z $package || $package == \#* ]] && continue
  [[ " $* " == *" $group "* ]] || continue
  is_there "$how" || missing+=("$package")
done < tools/packages.txt

[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if ! command -v apt-get >/dev/null; then
  echo "Onda needs these packages (Debian's names), and there is no apt-get to install them: ${missing[*]}" >&2
  exit 1
elif [[ $(id -u) -ne 0 ]]; then
  # Without a terminal nobody can type a password.
  if command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
  else
    echo "Onda needs packages that are missing, and only root can install them. Run as root:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi

echo "Installing ${#missing[@]} missing packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for command in "update" "install --yes --no-install-recommends ${missing[*]}"; do
  # shellcheck disable=SC2086  # the words of the command are meant to be split
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=300 $command \
      > "$log" 2>&1; then
    cat "$log" >&2
    echo "apt-get $command failed; its output is above" >&2
    exit 1
  fi
done
