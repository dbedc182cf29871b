#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Breaks the library on purpose, and sees whether its models notice.

mutants/PROGRAM.mutants lists the faults that the model PROGRAM.c has to find. A mutant has a heading `[name]`; the row
of the model with the options of its search (`Row:`); the claim that has to notice (`Dies:`); the broken rule (`What:`).
Then come edits by anchor, which `edits.py` applies to a copy:

    @ FILE FUNCTION
    - code that is there exactly once
    + code that takes its place

The changed files are compiled and linked into the model's program in the place of the original ones. A mutant that
lives, dies by another claim, has an anchor that does not match or does not compile is a failure. `Newest: survives`
demands that the mutant lives while loads return the newest value only: then it is weak memory that the model sees.
`Lives:` in the place of `Dies:` says why the checker cannot see this fault today; a mutant that then dies is a failure.

    mutants.py [--conf BUILD/tests/model/models.conf] [--jobs N] [--keep FOLDER] [--anchors] [NAME ...]
"""
import argparse
import concurrent.futures
import dataclasses
import functools
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDERS = ("include", "sched", "runtime")  # the code that mutants may break
CHECKER = "tests/model/checker"
OF_CHECKER = ("litmus", "symmetry")  # programs whose mutants break the checker itself
FIELDS = ("Row", "What", "Dies", "Lives", "Newest")
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import edits  # noqa: E402


class Wrong(Exception):
    pass


@dataclasses.dataclass
class Mutant:
    name: str
    program: str
    fields: dict
    edits: list


def read_conf(path):
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if line)
    return {name: shlex.split(value) for name, value in pairs}


def read_edit(text):
    head, *lines = text.splitlines()
    if len(head.split()) != 2 or not all(line[:2].rstrip() in ("-", "+", "") for line in lines):
        raise Wrong(f"`@ {head}` is not `@ FILE FUNCTION` with lines that begin with - or +")
    sides = ("\n".join(line[2:] for line in lines if line[:1] == sign) for sign in "-+")
    return edits.Edit(*head.split(), *sides)


def read_mutant(program, name, text, names):
    head, *anchors = re.split(r"^@ ", text, flags=re.M)
    fields = dict(re.findall(rf"^({'|'.join(names)}): *((?:.|\n(?!\w+: ))*)", head, re.M))
    missing = [field for field in names[:2] if not fields.get(field)]
    if bool(fields.get("Dies")) == bool(fields.get("Lives")):
        missing.append("Dies")
    if missing or not anchors:
        raise Wrong(f"{program}.mutants: {name} has no " + (f"`{missing[0]}:`" if missing else "edit (`@ FILE FUNCTION`)"))
    fields = {field: " ".join(value.split()) for field, value in fields.items()}
    return Mutant(name, program, fields, [read_edit(anchor) for anchor in anchors])


def read_file(path, names=FIELDS):
    """The mutants of a file; each has the first two of these fields."""
    _, *parts = re.split(r"^\[([\w-]+)\]\n", path.read_text(), flags=re.M)
    return [read_mutant(path.stem, name, text, names) for name, text in zip(parts[::2], parts[1::2])]


def read_all():
    mutants = {}
    for path in sorted((HERE / "mutants").glob("*.mutants")):
        for mutant in read_file(path):
            if mutant.name in mutants:
                raise Wrong(f"{path.name}: {mutant.name} is there already, in {mutants[mutant.name].program}.mutants")
            mutants[mutant.name] = mutant
    return mutants


def run(*command):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def change(mutant):
    """{path below the root: changed text}"""
    files = {}
    for edit in mutant.edits:
        folders = (CHECKER,) if mutant.program in OF_CHECKER else FOLDERS
        files.setdefault(edits.find_file(ROOT, folders, edit.file), []).append(edit)
    return {str(path.relative_to(ROOT)): edits.apply_edits(path.read_text(), todo) for path, todo in files.items()}


def copy_changed(mutant, tree):
    changed = change(mutant)
    for name, text in changed.items():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return set(changed)


def compile_one(conf, name, tree, target):
    source = tree / name if (tree / name).exists() else ROOT / name
    flags = (*conf["flags"], f"-I{ROOT / 'tests/model/shim'}", f"-I{tree / 'include'}", f"-I{tree}", *conf["places"])
    if name.startswith(CHECKER):  # without the hooks that it provides
        flags = ("-std=gnu11", "-O1", "-D_GNU_SOURCE", f"-I{ROOT}", f"-I{ROOT / 'include'}")
    done = run(*conf["compiler"], *flags, "-c", source, "-o", target)
    if done.returncode:
        raise Wrong("it does not compile: " + done.stdout[-800:])
    return target


@functools.lru_cache(maxsize=None)
def includes(name):
    """The library's headers that a file includes, also indirectly: the shims' own, and the headers that they replace."""
    path = ROOT / name
    direct = re.findall(r"^#include(?:_next)? <([\w/.-]+)>", path.read_text() if path.is_file() else "", re.M)
    found = set()
    for header in direct:
        for place in ("tests/model/shim/", "include/", ""):
            if place + header != name and place + header not in found and (ROOT / (place + header)).is_file():
                found |= {place + header} | includes(place + header)
    return frozenset(found)


def build(conf, mutant, tree):
    """A changed header may be included by the model's own files, too."""
    program, files = mutant.program, copy_changed(mutant, tree)
    members = [compile_one(conf, name, tree, tree / (pathlib.Path(name).name + ".o"))  # as the archive calls them
               for name in conf["modelled"] if name in files or includes(name) & files]
    model = list(conf[f"object_{program}"])
    own = [f"tests/model/{path.name}" for path in (HERE / f"{program}.c", HERE / f"{program}_rows.c") if path.exists()]
    if any(includes(name) & files for name in own):
        model = [compile_one(conf, name, tree, tree / (pathlib.Path(name).stem + ".own.o")) for name in own]
    model += [compile_one(conf, name, tree, tree / (pathlib.Path(name).stem + ".checker.o"))
              for name in files if name.startswith(CHECKER)]
    target, archive = tree / f"model_{program}", tree / "changed.a"
    archive.write_bytes(pathlib.Path(conf["modelled_archive"][0]).read_bytes())
    run("ar", "rs", archive, *members)
    libraries = [*conf[f"libraries_{program}"], *conf["system"], archive, *conf["system"]]
    done = run(*conf["compiler"], "-o", target, *model, *libraries, *conf["link"])
    if done.returncode:
        raise Wrong("it does not link: " + done.stdout[-800:])
    return target


def judge(target, mutant, *options):
    """The claim that broke, or None, and the number of executions until then. By one seed, since another may break another
    claim first; FILCH_SEED is another."""
    row = mutant.fields["Row"].split()
    seed = () if "--seed" in row else ("--seed", os.environ.get("FILCH_SEED") or "1")
    done = run(target, *row, *seed, *options, "--quiet")
    counts = re.findall(r" (\d+) executions", done.stdout)
    broken = re.search(r"BROKEN: (.*)", done.stdout)
    if not counts or done.returncode not in (0, 1):
        raise Wrong("the model did not run: " + done.stdout[-400:])
    return (broken.group(1) if broken else None), int(counts[-1])


def check(conf, mutant):
    """A line for people; raises Wrong."""
    with tempfile.TemporaryDirectory() as folder:
        target = build(conf, mutant, pathlib.Path(folder))
        claim, executions = judge(target, mutant)
        if mutant.fields.get("Lives"):
            if claim:
                raise Wrong(f"it dies by `{claim}`: the checker has learnt to see it; make `Lives:` a `Dies:`, and "
                            "correct docs/internals/verification.md")
            return f"lives, as is known: {executions} executions"
        if claim is None:
            raise Wrong(f"it lives: {mutant.program} {mutant.fields['Row']} saw nothing in {executions} executions")
        if mutant.fields["Dies"] not in claim:
            raise Wrong(f"it has to die by `{mutant.fields['Dies']}`, and died by `{claim}`")
        line = f"dies after {executions:8}: {claim}"
        if mutant.fields.get("Newest") == "survives":
            claim, _ = judge(target, mutant, "--newest")
            if claim:
                raise Wrong(f"without weak memory it has to live, and died by `{claim}`")
            line += " (lives without weak memory)"
        return line


def keep(conf, mutant, folder):
    return f"built: {build(conf, mutant, folder)} {mutant.fields['Row']}"


def anchors(mutant):
    change(mutant)


def attempt(act, mutant):
    """(all is well, a line for people if there is something to say)"""
    try:
        said = act(mutant)
        return True, said and f"{mutant.name:34} {said}"
    except (Wrong, edits.AnchorError) as wrong:
        return False, f"{mutant.name:34} WRONG: {wrong}"


def read_arguments():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--conf", type=pathlib.Path, default=ROOT / "build/model/tests/model/models.conf",
                           help="models.conf of a build; preset `model` makes it")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    arguments.add_argument("--keep", type=pathlib.Path, metavar="FOLDER",
                           help="build one mutant there (changed sources and the program), and do not run it")
    arguments.add_argument("--anchors", action="store_true", help="only check that each anchor matches exactly once")
    arguments.add_argument("names", nargs="*", help="mutants; none: all")
    asked = arguments.parse_args()
    if asked.keep and len(asked.names) != 1:
        arguments.error("--keep is for one mutant; name it")
    if not asked.anchors and not asked.conf.is_file():
        sys.exit(f"no {asked.conf}; build the models: cmake --preset model && cmake --build --preset model")
    return asked


def choose(asked):
    if asked.anchors:
        return anchors
    conf = read_conf(asked.conf)
    if not asked.keep:
        return functools.partial(check, conf)
    asked.keep.mkdir(parents=True, exist_ok=True)
    return functools.partial(keep, conf, folder=asked.keep)


def main():
    asked = read_arguments()
    try:
        mutants = read_all()
    except Wrong as wrong:
        sys.exit(str(wrong))
    unknown = [name for name in asked.names if name not in mutants]
    if unknown:
        sys.exit(f"no mutant is called {unknown[0]}; the headings of tests/model/mutants/*.mutants name them")
    act = choose(asked)
    with concurrent.futures.ThreadPoolExecutor(max(1, asked.jobs)) as pool:
        results = []
        for result in pool.map(lambda name: attempt(act, mutants[name]), asked.names or mutants):
            if result[1]:
                print(result[1], flush=True)
            results.append(result[0])
    if not asked.keep:
        verdict = "have matching anchors" if asked.anchors else "do as they have to"
        print(f"{sum(results)} of {len(results)} mutants {verdict}")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
