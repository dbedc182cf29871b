#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""run.py PROCESSOR OBJDUMP COMPILER...: the inline fork and join, as the compiler makes them at -O2, keep their order.

Checks the disassembly (reader.py) of a fork and a join, alone and in a recursion inlined into itself. A fork stores its
task, with release, before it loads `limit`; a join erases the task before it loads `top`; neither contains a locked
instruction or a full fence. Where robbers use no membarrier (FILCH_FENCE=full), the slow join has a full fence.

The light fence is a compiler barrier, so no checker of executions sees it, and compilers of today keep the order even
without it. So it is checked in two more ways. A marker put into filch_fence_light has to appear between store and load
of every fork and join. And between two plain stores the fence has to keep the first, which the compiler otherwise
drops.

Then each line of MUTANTS spoils a copy of the files; a claim has to fail, at the place the line names."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import reader  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FORK, ATOMIC, STACK = "include/filch/fork.h", "include/filch/atomic.h", "sched/forkstack.c"
LIGHT = r"    filch_fence_light\(\);.*?\n"
BODY = r"(void filch_fence_light\(void\)\n\{\n)(.*?)(^\}\n)"
PUBLISH = r"    filch_ptr_store\(&self->task, .*?\n"
ERASE = r"    filch_ptr_store\(&slot->task, NULL, .*?\n"
LIMIT = r"    uintptr_t region = filch_region_here\(self\);\n    void \*limit = filch_ptr_load\(.*?\n"
TOP = r"    uintptr_t region = filch_region_here\(slot\);\n    uint64_t top = filch_u64_load\(.*?\n"
ALL = tuple(reader.PROCESSORS)

# rule that is broken | file | pattern, replacement | function whose claim fails | processors where it
# shows
MUTANTS = [
    ("fork without its light fence", FORK, f"({PUBLISH}){LIGHT}", r"\1", "one_fork", ALL),
    ("join without its light fence", FORK, f"({ERASE}){LIGHT}", r"\1", "one_join", ALL),
    ("fork fences before it publishes", FORK, f"({PUBLISH})({LIGHT})", r"\2\1", "one_fork", ALL),
    ("join fences before it erases", FORK, f"({ERASE})({LIGHT})", r"\2\1", "one_join", ALL),
    ("fork looks before it publishes", FORK, f"({PUBLISH}{LIGHT})({LIMIT})", r"\2\1", "one_fork", ALL),
    ("join looks before it erases", FORK, f"({ERASE}{LIGHT})({TOP})", r"\2\1", "one_join", ALL),
    ("fork publishes relaxed", FORK, r"(task, \(void \*\)\(uintptr_t\)task, FILCH_)RELEASE", r"\1RELAXED", "one_fork",
     ("aarch64", "riscv64")),
    ("fork publishes with a locked store", FORK, r"(task, \(void \*\)\(uintptr_t\)task, FILCH_)RELEASE", r"\1SEQ_CST",
     "one_fork", ("x86_64",)),
    ("join does not erase", FORK, ERASE, "", "one_join", ALL),
    ("light fence is empty", ATOMIC, BODY, r"\1\3", "two_stores", ALL),
    ("light fence is a full one", ATOMIC, BODY, r"\1    filch_fence_seq_cst();\n\3", "fib", ALL),
    ("slow join without a full fence", STACK, r"        filch_fence_seq_cst\(\);.*?\n", ";\n", "fl_forkstack_settle",
     ALL),
]


class Subject:
    """One compiler for one processor."""

    def __init__(self, processor, objdump, compiler):
        self.processor = reader.PROCESSORS[processor]
        self.name = processor
        self.objdump = objdump
        self.compiler = compiler

    def listing(self, tree, source):
        target = tree / "out.o"
        command = [*self.compiler, "-std=c11", "-O2", "-D_GNU_SOURCE", "-I", tree, "-I", tree / "include", "-c", source,
                   "-o", target]
        subprocess.run(command, check=True)
        command = [self.objdump, "-dr", "--no-show-raw-insn", *self.processor.options, target]
        return reader.functions(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def claims(self, tree, marked):
        """(function, events, pattern they have to match)."""
        path = self.processor.path
        if marked:
            path = path.replace("L", "ML").replace("T", "MT")
        fork, join = path.strip("()+").split("|")
        inline = self.listing(tree, HERE / "inline_path.c")
        wanted = {"one_fork": fork, "one_join": join, "fib": f"(?=.*{fork})(?=.*{join}){path}"}
        if not marked:
            wanted["two_stores"] = "[Ff]{2}"
        for function, pattern in wanted.items():
            yield function, reader.events(self.processor, inline[function]), pattern
        if not marked:
            slow = self.listing(tree, tree / STACK)["fl_forkstack_settle"]
            yield "fl_forkstack_settle", reader.events(self.processor, slow, gets_header=True), ".*X.*"

    def broken(self, tree):
        """The claims that fail: on the files as they are, and with the light fence marked."""
        found = list(self.claims(tree, marked=False))
        replace(tree / ATOMIC, BODY, rf'\g<1>    __asm__ volatile("{self.processor.marker}" ::: "memory");' + r"\n\2\3")
        found += self.claims(tree, marked=True)
        return [claim for claim in found if not re.fullmatch(claim[2], claim[1])]


def replace(file, pattern, replacement):
    text, count = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), flags=re.S | re.M)
    if count != 1:
        sys.exit(f"{file.name}: the pattern is there {count} times instead of once; fix it in run.py: {pattern}")
    file.write_text(text, encoding="utf-8")


def copy_of_tree(at):
    for folder in ("include", "sched"):
        shutil.copytree(ROOT / folder, at / folder)
    return at


def tell(claims):
    for function, events, pattern in claims:
        print(f"    {function} does {events or 'nothing'}, not {pattern}")


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in reader.PROCESSORS:
        sys.exit(f"usage: run.py {'|'.join(reader.PROCESSORS)} OBJDUMP COMPILER...")
    subject = Subject(sys.argv[1], sys.argv[2], sys.argv[3:])
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        broken = subject.broken(copy_of_tree(Path(scratch) / "shipped"))
        if broken:
            failed += 1
            print("the shipped files:")
            tell(broken)
        for place, (name, file, pattern, replacement, function, where) in enumerate(MUTANTS):
            if subject.name not in where:
                continue
            tree = copy_of_tree(Path(scratch) / str(place))
            replace(tree / file, pattern, replacement)
            broken = subject.broken(tree)
            noticed = function in [claim[0] for claim in broken]
            failed += not noticed
            print(f"{'noticed' if noticed else 'SURVIVES'}: {name}")
            tell(broken)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
