#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Line coverage of the library from gcov's counters.

coverage.py SOURCE BUILD WHAT [--uncovered]: prints a table for the row WHAT of BARS. It sums all counters of the build
folder by source file, since the library is compiled more than once (the models have their own objects). Status 1: the
bar is missed; 2: there are no counters to judge by.
"""
import collections
import json
import pathlib
import subprocess
import sys

# name | included parts | excluded parts | per cent. Victim policies and warmth share nothing: unit tests simulate their world.
BARS = {
    "model": (("sched/",), ("sched/victims/", "sched/warm."), 95.0),
    "all": (("sched/", "runtime/", "include/filch/"), (), 90.0),
}


def reports(build):
    """gcov's own reading of each object: also of those that no test has run."""
    notes = [str(path.resolve()) for path in pathlib.Path(build).rglob("*.gcno")]
    for at in range(0, len(notes), 50):
        said = subprocess.run(["gcov", "--json-format", "--stdout", *notes[at:at + 50]], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for report in filter(None, said.stdout.splitlines()):
            yield json.loads(report)


def lines_by_file(source, build, parts, but):
    """{file: {line: times}} of the files below the parts, but for some."""
    source = pathlib.Path(source).resolve()
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    for report in reports(build):
        folder = pathlib.Path(report["current_working_directory"])
        for entry in report["files"]:
            path = (folder / entry["file"]).resolve()
            if not path.is_relative_to(source) or not path.exists():  # notes of a file that was moved stay in the build
                continue
            name = str(path.relative_to(source))
            if name.startswith(parts) and not name.startswith(but):
                for line in entry["lines"]:
                    lines[name][line["line_number"]] += line["count"]
    return lines


def spans(numbers):
    """[1, 2, 3, 7] -> "1-3 7"."""
    runs = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def share(covered, count):
    return 100.0 * covered / count if count else 0.0


def print_table(lines, uncovered):
    folders = collections.defaultdict(lambda: [0, 0])
    for name in sorted(lines):
        hit = sum(times > 0 for times in lines[name].values())
        missed = [line for line, times in lines[name].items() if not times]
        tally = folders[str(pathlib.PurePath(name).parent)]
        tally[0] += hit
        tally[1] += len(lines[name])
        print(f"  {name:40} {hit:5} of {len(lines[name]):5} {share(hit, len(lines[name])):6.1f} %"
              + (f"   not: {spans(missed)}" if missed and uncovered else ""))
    for folder, (hit, count) in sorted(folders.items()):
        print(f"  {folder + '/':40} {hit:5} of {count:5} {share(hit, count):6.1f} %")
    return sum(hit for hit, _ in folders.values()), sum(count for _, count in folders.values())


def main(source, build, what, *options):
    parts, but, bar = BARS[what]
    lines = lines_by_file(source, build, parts, but)
    if not lines:
        print(f"coverage: no counters of {' '.join(parts)} in {build}; were the tests run?")
        return 2
    hit, count = print_table(lines, "--uncovered" in options)
    reached = share(hit, count)
    verdict = "reached" if reached >= bar else "MISSED"
    print(f"{what}: {hit} of {count} lines of {' '.join(parts)}, {reached:.1f} %; the bar of {bar:g} % is {verdict}")
    return 0 if reached >= bar else 1


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[3] not in BARS:
        sys.exit(f"usage: coverage.py SOURCE BUILD {'|'.join(BARS)} [--uncovered]")
    sys.exit(main(*sys.argv[1:]))
