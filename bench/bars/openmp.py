#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bars: OpenMP programs with Filch's libgomp.so.1, against gcc's library; with --libomp, libomp.so.5 against LLVM's.

Both run the same binaries (tests/openmp/kernels). Each round runs a program once with each library, and the order changes
from round to round, so that a slow phase of the computer falls on both. A ratio belongs to one round; its median is judged."""
import argparse
import fnmatch
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "tests" / "openmp" / "kernels"
# The most that the ratio may be. Other rows: 1.
BARS = {"fib": 0.02, "nqueens": 0.10, "health": 0.15, "epcc/task_taskwait": 0.05, "epcc/tasks_one_producer": 0.05}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", metavar="DIR", type=Path, help="folder of the tested library (default: the system's)")
    parser.add_argument("--control", metavar="DIR", type=Path, help="folder of the control's library (default: the system's)")
    parser.add_argument("--libomp", action="store_true", help="build by clang, and compare libomp.so.5 with LLVM's")
    parser.add_argument("--repeat", metavar="N", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--threads", metavar="N", type=int, default=os.cpu_count(), help="OMP_NUM_THREADS (default: all processors)")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="run only programs that match, e.g. 'fib' or 'epcc'")
    parser.add_argument("--size", metavar="N", help="size of each program (default: its own)")
    parser.add_argument("--env", metavar="NAME=VALUE", action="append", default=[], help="environment of both, e.g. OMP_WAIT_POLICY=active")
    parser.add_argument("--work", metavar="DIR", type=Path, default=ROOT / "build" / "omp-kernels",
                        help="folder of the binaries (default build/omp-kernels)")
    given = parser.parse_args()
    given.compiler, given.so, given.owner = ("clang", "libomp.so.5", "LLVM") if given.libomp else ("gcc", "libgomp.so.1", "gcc")
    for folder in (given.library, given.control):
        if folder and not (folder / given.so).exists():
            parser.error(f"no {given.so} in {folder}")
    return given


def build(source, work, compiler):
    binary = work / compiler / source.stem
    if not binary.exists() or binary.stat().st_mtime < max(one.stat().st_mtime for one in (source, source.parent / "kernel.h")):
        binary.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-std=gnu11", "-fopenmp", "-O2", str(source), "-o", str(binary), "-lm"], check=True)
    return binary


def run(binary, given, library):
    """Returns the program's rows: name to seconds, or to nanoseconds of epcc. None if it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "LD_"))}
    clean["OMP_NUM_THREADS"] = str(given.threads)
    clean.update(one.split("=", 1) for one in given.env)
    if library:
        clean["LD_LIBRARY_PATH"] = str(library.resolve())
    command = [str(binary)] + ([given.size] if given.size else [])
    try:
        done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        print(f"{binary.name}: timeout with {library.name if library else 'the system library'}", file=sys.stderr)
        return None
    if done.returncode != 0:
        print(f"{binary.name}: exit code {done.returncode} with {library.name if library else 'the system library'}: {done.stderr.strip()[:200]}", file=sys.stderr)
        return None
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def compare(binary, given):
    """Returns, for each row, the values of control and tested library by round."""
    rows = {}
    for turn in range(given.repeat):
        sides = [("control", given.control), ("library", given.library)]
        results = {side: run(binary, given, folder) for side, folder in (sides if turn % 2 == 0 else sides[::-1])}
        if None in results.values():
            return None
        for name, value in results["control"].items():
            rows.setdefault(name, []).append((value, results["library"][name]))
    return rows


def judge(program, rows, given):
    reached = True
    for name, pairs in rows.items():
        row = f"epcc/{name}" if program == "epcc" else name
        ratios = [after / before for before, after in pairs if before > 0 and after > 0]
        if not ratios:
            print(f"openmp, {row}: below the clock's resolution")
            continue
        ratio, bar = statistics.median(ratios), 1 if given.libomp else BARS.get(row, 1)
        reached = reached and ratio <= bar
        what = f"openmp, {row}: Filch's library / {given.owner}'s"
        print(f"{what:60} {ratio:9.3f} {min(ratios):9.3f} .. {max(ratios):<9.3f} <= {bar:<8g} "
              f"{'reached' if ratio <= bar else 'MISSED'}", flush=True)
    return reached


def main():
    given = arguments()
    with tempfile.TemporaryDirectory() as scratch:  # a new build must not change a library during the rounds
        for side in ("control", "library"):
            if getattr(given, side):
                copy = Path(scratch, side)
                copy.mkdir()
                shutil.copy(getattr(given, side) / given.so, copy)
                setattr(given, side, copy)
        return compare_all(given)


def compare_all(given):
    sources = [one for one in sorted(KERNELS.glob("*.c")) if fnmatch.fnmatchcase(one.stem, given.only)]
    if not sources:
        sys.exit(f"no program matches '{given.only}' (valid: {', '.join(sorted(one.stem for one in KERNELS.glob('*.c')))})")
    failed = False
    for source in sources:
        rows = compare(build(source, given.work, given.compiler), given)
        failed = not judge(source.stem, rows or {}, given) or rows is None or failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
