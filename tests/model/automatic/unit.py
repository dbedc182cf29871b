# SPDX-License-Identifier: MIT OR Apache-2.0
"""Unit tests as judges, of faults that no sample of a model sees: the programs of preset `coverage`, linked anew with the
changed file in front of the library. Each run executes the tests of one file.

gcov's counters tell, test by test, which lines of the library it runs; the answer is kept in a file beside them. A fault is
tested when a program that passes without it fails twice with it. A fault that none of them tells is linked into the same programs
of preset `asan`: they tell memory that is lost, freed too early, or not theirs."""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import reach
import relink

HERE = pathlib.Path(__file__).resolve().parent
END = 20  # seconds for one program, where nothing is broken
PATIENCE = ((1, 4), (3, 8))  # it hangs after so many seconds, and so many times its own: at the first try, and at the second
TESTING = 5.0  # seconds for the programs of one fault
SHORT = 4  # seconds for one that is tried although no argument names it
MOST = 24  # programs for one fault, unless they have more time than usual
OPTIONS = {"ASAN_OPTIONS": "detect_stack_use_after_return=0", "UBSAN_OPTIONS": "halt_on_error=1"}  # tests/CMakeLists.txt
ELSEWHERE = ("service", "tools", "sim")  # folders below tests/unit whose tests are not of the library


def programs(build):
    """{test: program} of labels `unit` and `fault`, as far as they are built."""
    elsewhere = {path.stem for folder in ELSEWHERE for path in (HERE.parent.parent / "unit" / folder).glob("test_*.c")}
    return {name: program for name, program in relink.programs_of(build, "unit", "fault").items()
            if program.exists() and name not in elsewhere}


def run_counted(root, notes, program, name):
    """(seconds, {file: lines}) of a test that passes; None of another one."""
    began = time.monotonic()
    (passed, spent), lines = reach.counted(root, notes, lambda environment: (relink.run(program, name, END, environment), time.monotonic() - began))
    return (spent, {file: sorted(map(int, found)) for file, found in lines.items()}) if passed else None


def measure(root, build, say):
    """{test: (seconds, {file: lines})} of those that pass; only programs that have changed run again."""
    cache = build / "tests.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    notes = [note for note in sorted((build / "runtime").rglob("*.gcno")) if relink.LIBRARY in str(note)]
    found_programs = programs(build)
    stamps = {name: program.stat().st_mtime for name, program in found_programs.items()}
    fresh = [name for name, stamp in stamps.items() if known.get(name, {}).get("stamp") != stamp]
    if fresh:
        say(f"which lines do {len(fresh)} tests run?")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, found in zip(fresh, pool.map(lambda name: run_counted(root, notes, found_programs[name], name), fresh)):
            known[name] = {"stamp": stamps[name], "found": found}
    if fresh:
        cache.write_text(json.dumps(known))
    return {name: found for name in stamps if (found := known[name]["found"])}


def words(text):
    """Those of names, without a plural's s."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z]{3,}", text.lower())} - {"test"}


class Tests(relink.Programs):
    mark, environment = "", None

    def __init__(self, root, build, say):
        no_counters = build / "no_counters.o"
        subprocess.run(["cc", "-c", HERE / "no_counters.c", "-o", no_counters], check=True)
        self.know(build, measure(root, build, say), no_counters)

    def know(self, build, ran, no_counters):
        """ran: the answer of `measure`."""
        relink.Programs.__init__(self, build, ran, no_counters)
        self.ran, self.held, self.killers = ran, {}, collections.Counter()

    def at(self, file, first, last, text="", argument=""):
        """Tests to be tried: those that the argument of a fault names, also where a process that it kills has lost its counters.
        Then the short ones that run a line of the statement: those that have its words in their names, those that found other
        faults of its file, and quick ones that run little else."""
        said, named = words(text), set(re.findall(r"\btest_\w+", argument))

        def cost(name):
            seconds, files = self.ran[name]
            share = len(files.get(file, ())) / max(1, sum(len(lines) for lines in files.values()))
            return name not in named, -len(said & words(name)), -self.killers[file, name], -share / (0.1 + seconds)
        return sorted((name for name, (seconds, files) in self.ran.items() if (name in named and (file in files or file.endswith(".h")))
                       or (seconds < SHORT and any(first <= line <= last for line in files.get(file, ())))), key=cost)

    def holds(self, name, folder):
        """Whether the program passes as it is, linked in the same way."""
        if name not in self.held:
            self.make(name, [], folder / name)
            self.held[name] = relink.run(folder / name, name, END, self.environment)
        return self.held[name]

    def build_one(self, fault, changed, folder, name):
        """The program of a test with the changed file. A header changes the test alone, which calls its functions itself;
        None if that does not compile."""
        if fault.file.endswith(".h"):
            own = self.compile(self.own[name], folder, name, f"-I{folder}", f"-I{folder}/include")
            if not own:
                return None
            self.make(name, [], folder / name, own)
        else:
            self.make(name, [changed], folder / name)
        return folder / name

    def fails(self, root, fault, text, argument, time_limit):
        """The test that fails, with this build's mark, and how many ran; (None, 0) where none runs the statement."""
        asked, began = self.at(fault.file, fault.first, fault.last, f"{fault.function} {fault.old}", argument), time.monotonic()
        asked = asked[:MOST] if time_limit <= TESTING else asked
        folder = pathlib.Path(tempfile.mkdtemp())
        try:
            source = folder / fault.file
            source.parent.mkdir(parents=True)
            source.write_text(text)
            words = self.compiled.get(str(root / fault.file))
            changed = self.compile(words, folder, "changed", source=source) if asked and words else fault.file.endswith(".h")
            for done, name in enumerate(asked if changed else ()):
                if time.monotonic() - began > time_limit:
                    return None, done
                program = self.build_one(fault, changed, folder, name)
                own = self.ran[name][0]
                failed = program and not any(relink.run(program, name, min(END, least + times * own), self.environment) for least, times in PATIENCE)
                if failed and self.holds(name, folder):
                    self.killers[fault.file, name] += 1
                    return name + self.mark, done + 1
                (folder / name).unlink(missing_ok=True)
            return None, len(asked) if changed else 0
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Sanitized(Tests):
    """The same programs in another build, by the lines that were counted in the first one."""
    mark = " asan"

    def __init__(self, counted, build):
        built = programs(build)
        self.know(build, {name: found for name, found in counted.ran.items() if name in built}, *counted.always)
        self.environment = {**os.environ, **OPTIONS}
