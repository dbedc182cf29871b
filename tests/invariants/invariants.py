#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Breaks invariants of the library on purpose, and sees whether its assertions (sched/assert.h) notice.

invariants.mutants lists the faults, in the format of tests/model/mutants. `Test:` is a unit test, `Dies:` words of
the assertion. The changed file is compiled as the build compiles it, and linked into the test's program in front of the library.
Without the fault the test has to pass, and with it to print `broken: ` and those words.

    invariants.py BUILD [NAME ...]    BUILD: a folder of preset asan, debug or tiny, whose unit tests are built"""
import concurrent.futures
import contextlib
import functools
import pathlib
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/model"))
import mutants  # noqa: E402
import relink  # noqa: E402

FIELDS = ("Test", "What", "Dies")
AT_ONCE = 2  # as tests/CMakeLists.txt says
PATIENCE = 30  # seconds for a program
BROKEN = "broken: "


@contextlib.contextmanager
def running(program, test):
    one = relink.start(program, test, subprocess.PIPE)
    limit = threading.Timer(PATIENCE, relink.end, [one])
    limit.start()
    try:
        yield one
    finally:
        limit.cancel()
        relink.end(one)
        one.wait()


def assertion(program, test):
    """The first one that the test breaks; None: none."""
    with running(program, test) as one:
        return next((line.split(BROKEN, 1)[1].strip() for line in one.stdout if BROKEN in line), None)


def build(programs, mutant, folder):
    name = mutant.fields["Test"]
    objects = []
    for file, text in mutants.change(mutant).items():
        source = folder / file
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text)
        words = programs.compiled[str(ROOT / file)]
        objects.append(programs.compile(words, folder, source.stem, source=source))
    if None in objects:
        raise mutants.Wrong("it does not compile")
    programs.make(name, objects, folder / name)
    return folder / name


def check(programs, mutant):
    with tempfile.TemporaryDirectory() as folder:
        said = assertion(build(programs, mutant, pathlib.Path(folder)), mutant.fields["Test"])
    if said is None:
        raise mutants.Wrong(f"it lives: {mutant.fields['Test']} ends without `{BROKEN}`")
    if mutant.fields["Dies"] not in said:
        raise mutants.Wrong(f"it has to die by `{mutant.fields['Dies']}`, and died by `{said}`")
    return f"dies in {mutant.fields['Test']}: {said}"


def holds(programs, name):
    """A test as it is."""
    return relink.run(programs.programs[name], name, PATIENCE), f"{name} fails without a fault; run it alone"


def main():
    folder, *names = sys.argv[1:]
    every = [mutant for mutant in mutants.read_file(HERE / "invariants.mutants", FIELDS) if not names or mutant.name in names]
    tests = sorted({mutant.fields["Test"] for mutant in every})
    programs = relink.Programs(pathlib.Path(folder).resolve(), tests)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        sound = list(pool.map(functools.partial(holds, programs), tests))
        results = list(pool.map(functools.partial(mutants.attempt, functools.partial(check, programs)), every))
    wrong = [line for good, line in sound if not good]
    print(*(line for _, line in results), *wrong, f"{sum(good for good, _ in results)} of {len(results)} mutants die", sep="\n")
    return 0 if results and all(good for good, _ in results) and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
