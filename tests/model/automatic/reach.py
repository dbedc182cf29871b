# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which rows of which models execute a line: gcov's counters of preset `coverage`, row by row.

The answer is kept in a file beside the counters, and found anew when a model's program is newer than that."""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile

FOLDERS = ("include/filch/", "sched/", "runtime/")
SAMPLE = ("--random", "400", "--seed", "1", "--quiet")


def programs(build):
    """{name of the model: its program}"""
    found = sorted(path for path in (build / "tests/model").glob("model_*") if path.is_file() and path.stat().st_mode & 0o100)
    return {path.name.removeprefix("model_"): path for path in found}


def rows_of(program):
    said = subprocess.run([program, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split()[0] for line in said.splitlines() if line.strip()]


def ran_in(lines):
    """Numbers of the lines that ran. One without code of its own, such as an inlined store, ran if the nearest line before it that has
    code did."""
    counts = collections.Counter()
    for line in lines:
        counts[line["line_number"]] += line["count"]
    coded = sorted(counts)
    for line, following in zip(coded, [*coded[1:], coded[-1] + 1] if coded else []):
        if counts[line]:
            yield from range(line, following)


def lines_of(root, counted):
    """{file: {line: objects}} of the lines that ran, by these counters."""
    said = subprocess.run(["gcov", "--json-format", "--stdout", *counted], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True).stdout
    lines = {}
    for report in filter(None, said.splitlines()):
        report = json.loads(report)
        made = re.sub(r"\.c\.gcda$|\.gcda$", "", pathlib.Path(report["data_file"]).name)
        for entry in report["files"]:
            path = (pathlib.Path(report["current_working_directory"]) / entry["file"]).resolve()
            name = str(path.relative_to(root)) if path.is_relative_to(root) else ""
            if name.startswith(FOLDERS):
                for number in ran_in(entry["lines"]):
                    lines.setdefault(name, {}).setdefault(str(number), set()).add(made)
    return lines


def counted(root, notes, run):
    """(result of run(environment), lines that it ran): with a folder of its own for the counters of these notes."""
    with tempfile.TemporaryDirectory() as folder:
        for note in notes:
            link = pathlib.Path(folder + str(note))
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(note)
        given = run({**os.environ, "GCOV_PREFIX": folder})
        ran = [path for note in notes if (path := pathlib.Path(folder + str(note)).with_suffix(".gcda")).exists()]
        return given, lines_of(root, ran) if ran else {}


def run_row(root, notes, program, row):
    _, files = counted(root, notes, lambda environment: subprocess.run(
        [program, *SAMPLE, row], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False, env=environment))
    return {file: {line: sorted(objects) for line, objects in lines.items()} for file, lines in files.items()}


def measure(root, build, say):
    """{"model row": {file: {line: objects}}}; only what has changed is measured again."""
    cache = build / "rows.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    notes = sorted((build / "tests/model").rglob("*.gcno"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, program in programs(build).items():
            stamp = program.stat().st_mtime
            if name == "litmus" or known.get(name, {}).get("stamp") == stamp:
                continue
            say(f"which lines does {name} run?")
            rows = rows_of(program)
            ran = pool.map(lambda row: run_row(root, notes, program, row), rows)
            known[name] = {"stamp": stamp, "rows": dict(zip(rows, ran))}
            cache.write_text(json.dumps(known))
    return {f"{name} {row}": files for name, entry in known.items() for row, files in entry["rows"].items()}


def at(rows, file, first, last):
    """The rows that run a line of a statement, and the objects in which its code is (a header's is in many)."""
    found, objects = [], set()
    for row, files in rows.items():
        lines = files.get(file, {})
        ran = [lines[str(line)] for line in range(first, last + 1) if str(line) in lines]
        if ran:
            found.append(row)
            objects |= {made for names in ran for made in names}
    return found, objects


LINE = re.compile(r"^(\w+) +\S.* executions, .* pruned, +([\d.]+) s")


def seconds(root, build, say, most=0.5):
    """{"model row": seconds of its whole search}; of one that takes longer, `most`. Measured again for a changed model."""
    cache = build / "seconds.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    for name, program in programs(build).items():
        text = "".join(path.read_text() for path in sorted((root / "tests/model").glob(f"{name}*.c")))
        stamp = hashlib.sha256(text.encode()).hexdigest()
        if name == "litmus" or known.get(name, {}).get("stamp") == stamp:
            continue
        say(f"how long does {name} take?")
        said = subprocess.run([program, "--quiet", "--seconds", str(most)], stdout=subprocess.PIPE, text=True, check=False).stdout
        known[name] = {"stamp": stamp, "rows": dict(LINE.match(line).groups() for line in said.splitlines() if LINE.match(line))}
        cache.write_text(json.dumps(known))
    return {f"{name} {row}": float(time) for name, entry in known.items() for row, time in entry["rows"].items()}
