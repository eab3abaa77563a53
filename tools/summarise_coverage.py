#!/usr/bin/env python3
"""Prints the covered lines and branches of each module from gcovr's summary; exits with 1 below the required lines."""
import collections
import json
import sys


def percent(covered, total):
    return 100.0 * covered / total if total else 100.0


def main(path, required):
    with open(path, encoding="utf-8") as file:
        files = json.load(file)["files"]
    modules = collections.defaultdict(lambda: [0, 0, 0, 0])
    for entry in files:
        folders = entry["filename"].split("/")
        counts = (entry["line_covered"], entry["line_total"], entry["branch_covered"], entry["branch_total"])
        for name in (folders[folders.index("src") + 1], "all of src"):
            modules[name] = [a + b for a, b in zip(modules[name], counts)]
    if not modules:
        print("no file of src/ was counted", file=sys.stderr)
        return 1
    total = modules.pop("all of src")
    print(f'{"module":<12} {"lines":>16} {"":>7} {"branches":>16}')
    for name, (lines, all_lines, branches, all_branches) in [*sorted(modules.items()), ("all of src", total)]:
        print(f"{name:<12} {lines:>7} of {all_lines:>5} {percent(lines, all_lines):>6.1f} % "
              f"{branches:>7} of {all_branches:>5} {percent(branches, all_branches):>6.1f} %")
    reached = percent(total[0], total[1])
    if reached < required:
        print(f"{reached:.1f} % of the lines of src/ are covered; at least {required:g} % are required", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
