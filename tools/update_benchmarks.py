#!/usr/bin/env python3
"""Writes the figures of the last `make bench` and `make bench-memory` into docs/.

Each build/bench/NAME.json fills the place between "<!-- NAME -->" and
"<!-- end -->" in one of the pages. A file without a place is an error; a place
without a file, of a benchmark that was not run, keeps its figures and is named.

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


def matrices(rows):
    """Rows named "table / line / column" as tables of values, one below the other."""
    tables = {}
    for row in rows:
        table, line, column = row["name"].split(" / ")
        tables.setdefault((table, row["unit"]), {}).setdefault(line, {})[column] = number(row["value"])
    text = []
    for (table, unit), lines in tables.items():
        columns = list(next(iter(lines.values())))
        text.append(f"| {table}, {unit} | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|\n")
        text.extend(f"| {line} | " + " | ".join(cells.get(c, "–") for c in columns) + " |\n"
                    for line, cells in lines.items())
        text.append("\n")
    return "".join(text).removesuffix("\n")


def section(objects):
    """The table of one benchmark, and what it was measured on."""
    *rows, circumstances = objects
    if all(row["name"].count(" / ") == 2 for row in rows):
        table = matrices(rows)
    else:
        table = HEADING + "".join(row_line(row) for row in rows)
    return (f"{table}\nCommit {circumstances['commit']}, {circumstances['cpu']}, "
            f"{circumstances['cores']} cores, ONNX Runtime {circumstances['onnxruntime']}.\n")


def places(text):
    return {name for _, name, _ in PLACE.findall(text)}


def fill(text, results):
    """`text` with each place filled for which there are results, by name."""
    return PLACE.sub(lambda m: m[1] + section(results[m[2]]) + m[3] if m[2] in results else m[0], text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--results", type=pathlib.Path, default=root / "build/bench", metavar="DIR")
    parser.add_argument("documents", type=pathlib.Path, nargs="*", metavar="FILE",
                        default=[root / "docs/benchmarks.md", root / "docs/memory.md"])
    options = parser.parse_args()
    results = {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted(options.results.glob("*.json"))}
    texts = {document: document.read_text(encoding="utf-8") for document in options.documents}
    known = set().union(*(places(text) for text in texts.values()))
    homeless = sorted(set(results) - known)
    if not results or homeless:
        sys.exit(f"results without a place in the pages: {homeless}" if homeless
                 else f"no results in {options.results}; run make bench")
    for document, text in texts.items():
        document.write_text(fill(text, results), encoding="utf-8")
        for name in sorted(places(text) - set(results)):
            print(f"{document.name}: {name} was not run and keeps its figures")


if __name__ == "__main__":
    main()
