#!/usr/bin/env bash
# Usage: tools/lint.sh [--changed]
#
# clang-format on every file, then clang-tidy on every source file, or with --changed on those that differ from the
# merge base with the main branch (from the commit before, on the main branch itself).
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

mapfile -t files < <(git ls-files '*.h' '*.cpp')
echo "clang-format: ${#files[@]} files"
clang-format-16 --dry-run -Werror "${files[@]}" || failed=1

# A platform's #if stands in that platform's own file, nowhere else.
if git grep -nE '^ *# *(if|ifdef|ifndef|elif).*(_WIN32|__linux__|__APPLE__|__unix__)' -- \
    'src/*.h' 'src/*.cpp' 'include/*' ':!src/*_posix.cpp' ':!src/*_windows.cpp' ':!src/*_linux.cpp'; then
  echo "these lines ask for the platform; move what differs to a *_posix.cpp or *_windows.cpp file" >&2
  failed=1
fi

merge_base() {
  local branch base
  for branch in origin/HEAD origin/main main; do
    base=$(git merge-base HEAD "$branch" 2>/dev/null) && break
  done
  [[ -n ${base:-} && $base != "$(git rev-parse HEAD)" ]] || base=$(git rev-parse --verify --quiet HEAD^) || base=
  echo "$base"
}

sources() { git ls-files --cached --others --exclude-standard 'src/*.cpp' 'tests/*.cpp' 'bench/*.cpp'; }
base=
[[ ${1:-} == --changed ]] && base=$(merge_base)
if [[ -n $base ]]; then
  # A header is looked at through the source file beside it.
  mapfile -t chosen < <(comm -12 <(sources | sort) \
    <({ git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } |
      sed -nE 's/\.(h|cpp)$/.cpp/p' | sort -u))
  echo "clang-tidy: ${#chosen[@]} source files, changed since $(git rev-parse --short "$base")"
else
  mapfile -t chosen < <(sources)
  echo "clang-tidy: ${#chosen[@]} source files"
fi

# A tree that is configured and not built, but for what is generated. A program of another preset alone has no compile
# command there, and is named.
tools/configure.sh lint
cmake --build build/lint --target onda_build_info onda_protos > /dev/null
mapfile -t known < <(comm -12 <(printf '%s\n' "${chosen[@]}" | sort) \
  <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/lint/compile_commands.json | sed "s|^$PWD/||" | sort))
comm -23 <(printf '%s\n' "${chosen[@]}" | sort) <(printf '%s\n' "${known[@]}" | sort) |
  sed -n 's/..*/not looked at by clang-tidy, no part of that build: &/p'
if [[ ${#known[@]} -gt 0 && -n ${known[0]} ]]; then
  printf '%s\0' "${known[@]}" |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy-16 -p build/lint --quiet 2> >(grep -v ' warnings generated' >&2) || failed=1
fi
exit $failed
