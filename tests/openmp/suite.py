# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs libgomp's own test programs on our libgomp.so.1, or built by clang on our libomp.so.5.

The programs come from Debian's package gcc-12-source and stay in the work folder. Each is built once by gcc 12,
or by the compiler of --compiler, and runs on that one's own library first, as a control; a program counts only if it passes
there. The same binary then runs with LD_LIBRARY_PATH set to our library's folder. Binaries and control results are kept for later runs."""
import argparse
import collections
import concurrent.futures
import fnmatch
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path

import dejagnu

HERE = Path(__file__).resolve().parent
SHOWN = 1 << 20  # bytes of a program's output that are read
MISSING = re.compile(r"undefined symbol: ([\w.]+)|version [`'](\S+)' not found")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", metavar="DIR", type=Path, help="folder of the library under test")
    parser.add_argument("--compiler", metavar="NAME", default="gcc", help="gcc, clang, clang-19, flang-new-19, ... (default gcc)")
    parser.add_argument("--flags", default="", help="further flags for the compiler, e.g. '-I DIR -L DIR'")
    parser.add_argument("--control", metavar="DIR", type=Path, help="folder of the control's library (default: the system's)")
    parser.add_argument("--work", metavar="DIR", type=Path, default=HERE.parents[1] / "build" / "omp-suite",
                        help="folder of programs, binaries and control results (default build/omp-suite)")
    parser.add_argument("--tarball", metavar="FILE", type=Path, help="gcc's source (default: the one of gcc-12-source)")
    parser.add_argument("--languages", help="default: c,c++,fortran; with clang: c,c++; with flang: fortran")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="run only names that match, e.g. '*/task*'")
    parser.add_argument("--sample", metavar="N", type=int, default=os.environ.get("FILCH_OPENMP_SAMPLE"),
                        help="run N programs drawn at random (default FILCH_OPENMP_SAMPLE, or all)")
    parser.add_argument("--seed", metavar="S", type=int, default=os.environ.get("FILCH_SEED") or random.randrange(10 ** 9),
                        help="seed of --sample (default FILCH_SEED, or a new one)")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="programs at the same time (default 1)")
    parser.add_argument("--threads", metavar="N", type=int, help="OMP_NUM_THREADS where a program sets none")
    parser.add_argument("--time", metavar="S", type=float, default=20, help="seconds a run may take (default 20)")
    parser.add_argument("--repeat", metavar="N", type=int, default=1, help="runs on our library; all must pass (default 1)")
    parser.add_argument("--expected", metavar="FILE", type=Path, help="programs that may fail, each line 'name: reason'")
    parser.add_argument("--control-only", action="store_true", help="only build, and run on the control's library")
    parser.add_argument("--keep-binaries", action="store_true", help="keep binaries that fail on the control as well")
    parser.add_argument("--list", action="store_true", help="print the names and what is skipped; run nothing")
    given = parser.parse_args()
    given.so = "libgomp.so.1" if given.compiler.startswith("gcc") else "libomp.so.5"
    usual = {"gcc": "c,c++,fortran", "clang": "c,c++", "flang": "fortran"}
    given.languages = given.languages or usual[given.compiler.split("-")[0]]
    unknown = set(given.languages.split(",")) - set(dejagnu.LANGUAGES)
    if unknown:
        parser.error(f"unknown language '{min(unknown)}' (valid: {', '.join(dejagnu.LANGUAGES)})")
    if not (given.control_only or given.list):
        if not given.library:
            parser.error("--library DIR is missing (or use --control-only)")
        if not (given.library / given.so).exists():
            parser.error(f"no {given.so} in {given.library}")
    return given


def extract(work, tarball):
    """Unpacks the test suite, and nothing else of gcc, into the work folder."""
    suite = work / "testsuite"
    if suite.exists():
        return suite
    found = [tarball] if tarball else sorted(Path("/usr/src").glob("gcc-1[234]/gcc-1[234]*.tar.*"))
    if not found:
        sys.exit("no /usr/src/gcc-12/gcc-12*.tar.*: install Debian's package gcc-12-source, or give --tarball FILE")
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as scratch, tarfile.open(found[0]) as archive:
        for member in archive:
            inside = re.match(r"[^/]+/libgomp/testsuite/(libgomp\.(?:c|c\+\+|c-c\+\+-common|fortran|graphite)/.+)", member.name)
            if inside and member.isfile():
                target = Path(scratch, "testsuite", inside[1])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.extractfile(member).read())
        Path(scratch, "testsuite").rename(suite)
    return suite


def execute(command, cwd, environment, limit):
    """Runs a command in a process group of its own. Returns its exit code (None: time limit), output and errors."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        try:
            os.killpg(process.pid, signal.SIGKILL)  # also ends children that a program has left
        except ProcessLookupError:
            pass
        process.wait()
        texts = []
        for file in out, err:
            file.seek(0)
            texts.append(file.read(SHOWN).decode(errors="replace"))
        return code, *texts


def environment_of(program, given, library):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "LD_"))}
    clean["LC_ALL"] = "C"
    if given.threads:
        clean["OMP_NUM_THREADS"] = str(given.threads)
    if library:
        clean["LD_LIBRARY_PATH"] = str(library.resolve())
    return {**clean, **program.environment}


def verdict(program, code, out, err):
    """The empty string if the run is right, else the reason why it is wrong."""
    first = next((line.strip() for line in err.splitlines() if line.strip()), "")[:200]
    if code is None:
        return "timeout"
    missing = MISSING.search(err)
    if missing:
        return f"missing symbol {missing[1] or missing[2]}"
    if code < 0 and not program.must_fail:
        return f"signal {signal.Signals(-code).name}" + (f": {first}" if first else "")
    if (code != 0) != program.must_fail:
        return f"exit code {code}" + (f": {first}" if first else "")
    if program.outputs and not re.search("".join(program.outputs), out + err):
        return f"wrong output: {(out + err)[:100]!r}"
    return ""


def run(program, binary, given, library):
    with tempfile.TemporaryDirectory() as scratch:
        return verdict(program, *execute([str(binary)], scratch, environment_of(program, given, library), given.time))


class Cache:
    """Results by program, in a JSON file; a changed command or environment makes an entry stale."""

    def __init__(self, file):
        self.file, self.lock = file, threading.Lock()
        self.known = json.loads(file.read_text()) if file.exists() else {}

    def get(self, name, key):
        entry = self.known.get(name)
        return entry["result"] if entry and entry["key"] == key else None

    def put(self, name, key, result):
        with self.lock:
            self.known[name] = {"key": key, "result": result}
            if len(self.known) % 20 == 0:
                self.write()

    def write(self):
        scratch = self.file.with_suffix(".new")
        scratch.write_text(json.dumps(self.known, indent=0, sort_keys=True))
        scratch.replace(self.file)


class Suite:
    def __init__(self, given):
        self.given = given
        self.testsuite = extract(given.work, given.tarball)
        self.place = given.work / given.compiler
        self.place.mkdir(exist_ok=True)
        self.built = Cache(self.place / "built.json")
        self.control = Cache(self.place / f"control-{given.threads or 'default'}.json")

    def binary(self, program):
        return self.place / "bin" / program.name.replace("/", "_") / "program"

    def build(self, program, command):
        """Builds the program unless its binary is there. Returns the binary and an error text (empty: built)."""
        binary = self.binary(program)
        known = self.built.get(program.name, command)
        if known or known == "" and binary.exists():
            return binary, known
        shutil.rmtree(binary.parent, ignore_errors=True)
        binary.parent.mkdir(parents=True)
        code, _, err = execute(command, binary.parent, {**os.environ, "LC_ALL": "C"}, 300)
        error = next((line for line in err.splitlines() if "error" in line or "undefined" in line), err[:200] or "?") if code != 0 else ""
        for left in binary.parent.iterdir():
            if left != binary:
                left.unlink()  # modules and dumps
        self.built.put(program.name, command, error)
        return binary, error

    def one(self, program):
        """Returns the class of the program (not built, not by the control, passed, failed) and the reason."""
        command = program.command(self.binary(program), self.testsuite, self.given.compiler, self.given.flags.split())
        key = [command, program.environment, program.outputs, program.must_fail, self.given.time]
        reason = self.control.get(program.name, key)
        if reason:
            return "not by the control", reason
        binary, error = self.build(program, command)
        if error:
            return "not built", error
        if reason is None:
            reason = run(program, binary, self.given, self.given.control)
            self.control.put(program.name, key, reason)
        if reason:
            if not self.given.keep_binaries:
                binary.unlink()
            return "not by the control", reason
        if self.given.control_only:
            return "passed", ""
        for turn in range(self.given.repeat):
            reason = run(program, binary, self.given, self.given.library)
            if reason:
                return "failed", reason + (f" (run {turn + 1})" if self.given.repeat > 1 else "")
        return "passed", ""


def chosen(suite, given):
    found = [one for language in given.languages.split(",") for one in dejagnu.programs(suite.testsuite, language)]
    for word in sorted(dejagnu.Targets.unknown):
        print(f"unknown target keyword '{word}' counts as false", file=sys.stderr)
    found = [one for one in found if fnmatch.fnmatchcase(one.name, given.only)]
    if given.list:
        for one in found:
            print(f"{one.name}{': skipped, ' + one.skipped if one.skipped else ''}")
        sys.exit(0)
    runs = [one for one in found if not one.skipped]
    print(f"{len(found)} programs, {len(found) - len(runs)} of them not for running here", flush=True)
    if given.sample and given.sample < len(runs):
        runs = random.Random(given.seed).sample(runs, given.sample)
        print(f"{given.sample} of them drawn by seed {given.seed}", flush=True)
    return runs


def read_expected(file):
    lines = [line.split("#")[0].strip() for line in file.read_text().splitlines()] if file else []
    return {name.strip(): reason.strip() for name, _, reason in (line.partition(": ") for line in lines if line)}


def report(results, expected, given):
    """Prints the groups and the last line; returns the exit status."""
    groups = collections.defaultdict(list)
    for name, (kind, reason) in results.items():
        if kind == "failed" and reason.startswith("missing symbol "):
            groups[reason.split()[2]].append(name)
    for symbol, names in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
        print(f"missing {symbol}: {len(names)} programs, e.g. {names[0]}")
    count = collections.Counter(kind for kind, _ in results.values())
    failed = [name for name, (kind, _) in results.items() if kind == "failed"]
    for name in sorted(expected):
        if name in results and results[name][0] == "passed" and not given.control_only:
            print(f"{name} passes although it is expected to fail: {expected[name]}")
    unlisted = [name for name in failed if name not in expected]
    if len(unlisted) < len(failed):
        print(f"{len(failed) - len(unlisted)} failures are expected")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['not by the control'] + count['not built']} not run by the control either"
          f" ({count['not built']} of them not built)")
    return 1 if unlisted else 0


def main():
    given = arguments()
    given.work = given.work.resolve()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    suite = Suite(given)
    with tempfile.TemporaryDirectory(dir=given.work) as copy:  # a new build must not change the library during a run
        if given.library:
            shutil.copy(given.library / given.so, copy)
            given.library = Path(copy)
        return run_all(suite, given)


def run_all(suite, given):
    expected = read_expected(given.expected)
    programs = chosen(suite, given)
    results = {}
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        futures = {pool.submit(suite.one, program): program.name for program in programs}
        try:
            for future in concurrent.futures.as_completed(futures):
                name, (kind, reason) = futures[future], future.result()
                results[name] = kind, reason
                if kind != "passed":
                    note = " (expected)" if kind == "failed" and name in expected else ""
                    print(f"{kind}{note}: {name}: {reason}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            print("interrupted", file=sys.stderr)
        finally:
            suite.built.write()
            suite.control.write()
    return report(dict(sorted(results.items())), expected, given)


if __name__ == "__main__":
    sys.exit(main())
