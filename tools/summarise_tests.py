#!/usr/bin/env python3
"""Prints what tools/test.sh left in its directory of results: minutes, ctest's closing lines, skipped tests with their
reasons, what tests counted (their lines that start with "counted: "), failed ones, and the sum of all. Exits with 1 if
anything failed."""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def skip_reason(output):
    """What the test said when it skipped itself: GoogleTest prints "file:line: Skipped" and the reason below."""
    match = re.search(r": Skipped\n(.*?)\n\s*\[  SKIPPED \]", output, re.DOTALL)
    return " ".join(match.group(1).split()) if match and match.group(1).strip() else "no reason given"


def read_ctest(path):
    """(passed, failed names, skipped (name, reason) pairs, counted lines) of one JUnit file of ctest's."""
    passed, failed, skipped, counted = 0, [], [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f'{path.stem}: {case.get("name")}'
        status = case.get("status")
        counted += re.findall(r"^counted: (.*)$", case.findtext("system-out") or "", re.MULTILINE)
        if status == "run":
            passed += 1
        elif status == "fail":
            failed.append(name)
        else:
            output = case.findtext("system-out") or ""
            skipped.append((name, skip_reason(output) if status == "notrun" else status))
    return passed, failed, skipped, counted


def main(folder):
    parts = [line.split("\t") for line in (folder / "parts.txt").read_text().splitlines()]
    passed, failed, skipped, counted = 0, [], [], []
    for part, outcome, _ in parts:
        junit, fuzz = folder / f"{part}.xml", folder / f"{part}.txt"
        failed_before = len(failed)
        if junit.exists():
            more_passed, more_failed, more_skipped, more_counted = read_ctest(junit)
            passed += more_passed
            failed += more_failed
            skipped += more_skipped
            counted += more_counted
        elif fuzz.exists():
            lines = [line.split("\t") for line in fuzz.read_text().splitlines()]
            passed += sum(1 for line in lines if line[0] == "passed")
            failed += [f"{part}: {line[1]}" for line in lines if line[0] == "failed"]
        elif outcome == "passed":
            passed += 1
        # A part that could not be built has no tests to count, and is a failure nevertheless.
        if outcome == "failed" and len(failed) == failed_before:
            failed.append(part)

    for line in counted:
        print(f"counted  {line}")
    for name, reason in skipped:
        print(f"skipped  {name}: {reason}")
    for name in failed:
        print(f"FAILED   {name}")
    for part, outcome, seconds in parts:
        print(f"{part:<10} {int(seconds) / 60:5.1f} min  {outcome}")
    print(f"{'all':<10} {sum(int(seconds) for _, _, seconds in parts) / 60:5.1f} min")
    for part, _, _ in parts:
        closing = folder / f"{part}.closing"
        if closing.exists():
            lines = [line for line in closing.read_text().splitlines() if line.strip()]
            wanted = [line for line in lines if "tests passed" in line or line.startswith("Total Test time")]
            print(f"\n{part}:", *wanted, sep="\n")
    print(f"\n{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
