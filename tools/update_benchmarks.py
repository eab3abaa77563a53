#!/usr/bin/env python3
"""Writes the figures of the last `make bench` into docs/benchmarks.md.

Each build/bench/NAME.json fills the place between "<!-- NAME -->" and
"<!-- end -->". A place without a file, and a file without a place, are errors.

Example: tools/update_benchmarks.py
"""

import argparse
import json
import pathlib
import re
import sys

PLACE = re.compile(r"(<!-- ([a-z0-9_]+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEADING = "| what | value | compared with | ratio | 95 % interval | goal | met |\n|---|---|---|---|---|---|---|\n"


def number(value):
    """As the table of the benchmarks prints it: four significant digits."""
    return f"{value:.4g}"


def row_line(row):
    met = {True: "yes", False: "**no**", None: "–"}[row["met"]]
    ratio = "–" if row["ratio"] is None else f"{row['ratio']:.3f}"
    goal = (row["goal"] or "–").replace("<=", "≤").replace(">=", "≥")
    cells = [row["name"], f"{number(row['value'])} {row['unit']}".strip(), row["reference"] or "–", ratio,
             f"{number(row['ci_low'])} – {number(row['ci_high'])}, n = {row['samples']}", goal, met]
    return "| " + " | ".join(cells) + " |\n"


def section(objects):
    """The table of one benchmark, and what it was measured on."""
    *rows, circumstances = objects
    lines = "".join(row_line(row) for row in rows)
    return (f"{HEADING}{lines}\nCommit {circumstances['commit']}, {circumstances['cpu']}, "
            f"{circumstances['cores']} cores, ONNX Runtime {circumstances['onnxruntime']}.\n")


def fill(text, results):
    """`text` with each place filled from `results`, by name. Raises ValueError where they do not match."""
    places = {name for _, name, _ in PLACE.findall(text)}
    if places != set(results):
        raise ValueError(f"places {sorted(places)} and results {sorted(results)} differ")
    return PLACE.sub(lambda m: m[1] + section(results[m[2]]) + m[3], text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--results", type=pathlib.Path, default=root / "build/bench", metavar="DIR")
    parser.add_argument("--document", type=pathlib.Path, default=root / "docs/benchmarks.md", metavar="FILE")
    options = parser.parse_args()
    results = {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted(options.results.glob("*.json"))}
    try:
        text = fill(options.document.read_text(encoding="utf-8"), results)
    except ValueError as error:
        sys.exit(f"{options.document.name}: {error}; run make bench")
    options.document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
