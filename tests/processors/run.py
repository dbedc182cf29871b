#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""run.py [--write] [--only RACE]... PROCESSOR LINKER OBJDUMP COMPILER...: the machine code of the fast paths, under the
processor's memory model.

Compiles the races and the shipped files as a user's program is compiled, finds all executions that axioms.py allows, and judges each by the race's
own end. No wrong outcome may be allowed. Then each thread's code is weakened, one kind of order at a time (race.py); matrix.txt
tells which of these mutants have to allow a wrong outcome. Faults in the source (MUTANTS) have to, too. --write puts into
matrix.txt the verdicts that were found."""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import aarch64  # noqa: E402
import axioms  # noqa: E402
import machine  # noqa: E402
import race as races  # noqa: E402
import riscv64  # noqa: E402
import x86_64  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MATRIX = HERE / "matrix.txt"
PROCESSORS = {"x86_64": x86_64, "aarch64": aarch64, "riscv64": riscv64}
SHIPPED = ["sched/forkstack.c", "sched/idle.c", "sched/deque.c", "sched/abp.c"]
ONLY = {"x86_64": ["runtime/platform/switch/sparing_x86_64.S"]}
# Instructions for RMWs: both of what the library of outlined atomics chooses between when it runs.
VARIANTS = {"aarch64": {"aarch64": ["-mno-outline-atomics"], "aarch64+lse": ["-march=armv8.1-a"]}}
ALL = tuple(PROCESSORS)
RACES = "tests/processors/races"
# fault in the source | file | pattern, replacement | race with a wrong end | processors or builds where it shows
MUTANTS = [
    ("a fork publishes its task relaxed", "include/filch/fork.h", r"(\(uintptr_t\)task, FILCH_)RELEASE", r"\1RELAXED", "fork_take",
     ("aarch64", "riscv64")),
    ("gcc takes the release of a CAS from its order on failure", "include/filch/atomic.h",
     r"if \(\(order\) != FILCH_RELAXED && \(order\) != FILCH_ACQUIRE\)", "if (0)", "abp_pop", ("riscv64-gcc12",)),
    ("a robber asks nothing", "sched/forkstack.c", r"    if \(!\(\*top & FL_TOP_ASKED\) &&[^}]*\*top \|= FL_TOP_ASKED;\n", "", "join_rob", ALL),
    ("a slow join has no fence", "sched/forkstack.c", r"if \(stack->base & FL_TOP_ASKED\)\n        filch_fence_seq_cst\(\);", "",
     "join_two_fenced", ALL),
    ("a push has no fence", f"{RACES}/park.c", r"filch_fence_seq_cst\(\); /\* PublisherFence", "/* PublisherFence", "push_found", ("x86_64",)),
]
HEAD = """# SPDX-License-Identifier: MIT OR Apache-2.0
# Written by run.py --write: mutants and the builds that tell them. RACE THREAD KIND: the builds in which a wrong outcome is
# allowed if this thread has less order of this kind. Mutants that are not listed live: something else keeps the order.
# A build that stands nowhere here has to tell each kind of mutant that it has, in some race.
"""


def built(arguments, flags, scratch, root=ROOT):
    objects = []
    for source in sorted((root / RACES).glob("*.c")) + [root / name for name in SHIPPED + ONLY.get(arguments.processor, [])]:
        objects.append(scratch / f"{len(objects)}.o")
        subprocess.run([*arguments.compiler, *flags, "-std=c11", "-O2", "-D_GNU_SOURCE", "-ffreestanding", "-fno-stack-protector",
                        "-I", root, "-I", root / "include", "-c", source, "-o", objects[-1]], check=True)
    subprocess.run([arguments.linker, "-e", "0", "-o", scratch / "programs", *objects], check=True)
    return machine.Image(PROCESSORS[arguments.processor], scratch / "programs", [arguments.objdump])


def read_matrix():
    """(race, thread, kind) -> the builds in which it is told"""
    text = MATRIX.read_text(encoding="utf-8") if MATRIX.exists() else ""
    builds = (re.search(r"^Builds: (.*)", text, re.M) or ("", ""))[1]
    return {(name, int(thread), kind): set((builds if where == "all" else where).split())
            for name, thread, kind, where in re.findall(r"^(\w+) (\d) (\w+): (.*)", text, re.M)}


def write_matrix(matrix, build, told):
    for key in told:
        matrix.setdefault(key, set())
    matrix = {key: where - {build} | ({build} if key in told else set()) for key, where in matrix.items()}
    builds = set().union(*matrix.values())
    lines = [f"{name} {thread} {kind}: {'all' if where == builds else ' '.join(sorted(where))}"
             for (name, thread, kind), where in sorted(matrix.items()) if where]
    MATRIX.write_text(HEAD + f"Builds: {' '.join(sorted(builds))}\n" + "\n".join(lines) + "\n", encoding="utf-8")


def judged(image, processor, names):
    """The faults of one build, and its mutants: (race, thread, kind) -> are they told?"""
    faults, mutants = [], {}
    for name in names:
        begin = time.monotonic()
        race = races.Race(image, axioms.MODELS[processor], name)
        fault = race.fault()
        if fault:
            faults.append(f"{name}: the threads end with {fault[0]}, which its end calls wrong")
            continue
        here = list(race.matrix())
        mutants |= {(name, thread, kind): wrong for thread, kind, wrong in here}
        told = " ".join(f"{thread}:{kind}" for thread, kind, wrong in here if wrong)
        print(f"  {name}: {len(race.right)} outcomes; told: {told or 'none'} ({time.monotonic() - begin:.1f} s)")
    return faults, mutants


def compared(matrix, build, names, mutants):
    """The failures: unlike in the matrix, or, for a build that it does not have, a kind of mutant that is never told."""
    told = {key for key, wrong in mutants.items() if wrong}
    if not any(build in where for where in matrix.values()):
        yield from (f"{build}: no race needs {kind}" for kind in sorted({key[2] for key in mutants} - {key[2] for key in told}))
        return
    for key, where in matrix.items():
        if key[0] in names and build in where and key not in told:
            yield "{}: thread {} without {} lives, unlike in matrix.txt".format(*key)
    for key in sorted(told):
        if build not in matrix.get(key, ()):
            yield "{}: thread {} without {} is told, unlike in matrix.txt".format(*key)


def surviving(arguments, flags, build):
    """The faults in the source that have no wrong end where they should."""
    for fault, file, pattern, replacement, name, where in MUTANTS:
        if not {arguments.processor, build} & set(where) or arguments.only and name not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            tree = Path(scratch) / "tree"
            for folder in ("include", "sched", RACES, "runtime/platform"):
                shutil.copytree(ROOT / folder, tree / folder)
            text, count = re.subn(pattern, replacement, (tree / file).read_text(encoding="utf-8"))
            if count != 1:
                yield f"{fault}: the pattern is there {count} times instead of once; fix it in run.py: {pattern}"
                continue
            (tree / file).write_text(text, encoding="utf-8")
            race = races.Race(built(arguments, flags, Path(scratch), tree), axioms.MODELS[arguments.processor], name)
            fault_found = race.fault()
        print(f"  {'told' if fault_found else 'SURVIVES'}: {fault} ({name})")
        if not fault_found:
            yield f"{fault}: {name} has no wrong end"


def version(compiler):
    answer = subprocess.run([*compiler, "-dumpversion"], check=True, capture_output=True, text=True).stdout
    return ("clang" if "clang" in Path(compiler[0]).name else "gcc") + answer.partition(".")[0].strip()


def main():
    parser = argparse.ArgumentParser(description="the machine code of the fast paths, under the processor's memory model")
    parser.add_argument("--write", action="store_true", help="put the mutants' verdicts into matrix.txt")
    parser.add_argument("--only", action="append", help="this race")
    parser.add_argument("processor", choices=PROCESSORS)
    parser.add_argument("linker")
    parser.add_argument("objdump")
    parser.add_argument("compiler", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    failures = []
    for variant, flags in VARIANTS.get(arguments.processor, {arguments.processor: []}).items():
        build = f"{variant}-{version(arguments.compiler)}"
        print(f"{build}: {' '.join(map(str, arguments.compiler))}")
        with tempfile.TemporaryDirectory() as scratch:
            image = built(arguments, flags, Path(scratch))
        every = sorted(name[:-2] for name in image.functions if name.endswith("_0"))
        names = arguments.only or every
        if not set(names) <= set(every):
            sys.exit(f"unknown race {' '.join(set(names) - set(every))} (valid: {', '.join(every)})")
        faults, mutants = judged(image, arguments.processor, names)
        failures += faults
        failures += surviving(arguments, flags, build)
        if arguments.write:
            write_matrix(read_matrix(), build, {key for key, wrong in mutants.items() if wrong})
        else:
            failures += compared(read_matrix(), build, names, mutants)
    if failures:
        print("\n".join(failures))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
