#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Breaks the library on purpose, and sees whether its models notice.

Each file of mutants/ is a patch of the library with a preamble: which model has to notice (`Model:`, with the options of
its search), by which claim (`Dies:`), and what is broken (`What:`). It is applied to a copy; what it changes is compiled
and linked into the model's program in the place of the original. A mutant that lives, dies by another claim, does not
apply or does not compile is a failure. `Newest: survives` demands that the mutant lives while loads return the newest
value only: then it is weak memory that the model sees.

    mutants.py [--conf BUILD/tests/model/models.conf] [NAME ...]
"""
import argparse
import concurrent.futures
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
PREAMBLE = ("Model", "Dies", "What", "Newest")


class Wrong(Exception):
    pass


def read_conf(path):
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if line)
    return {name: shlex.split(value) for name, value in pairs}


def read_patch(path):
    text = path.read_text()
    head, found, _ = text.partition("\n--- ")
    fields = dict(re.findall(rf"^({'|'.join(PREAMBLE)}): *((?:.|\n(?!\w+: ))*)", head, re.M))
    for name in PREAMBLE[:3]:
        if not found or not fields.get(name):
            raise Wrong(f"it has no `{name}:` before the patch")
    fields = {name: " ".join(value.split()) for name, value in fields.items()}
    fields["files"] = re.findall(r"^\+\+\+ b/(\S+)", text, re.M)
    return fields


def run(*command):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def copy_and_patch(patch, files, tree):
    for name in files:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    done = run("patch", "-s", "-N", "-p1", "--fuzz=0", "--no-backup-if-mismatch", "-d", tree, "-i", patch)
    if "previously applied" in done.stdout:
        raise Wrong(f"this tree is broken by it already; mend it: patch -R -p1 < tests/model/mutants/{patch.name}")
    if done.returncode:
        raise Wrong("it no longer applies: " + " ".join(done.stdout.split()))


def compile_one(conf, name, tree, target):
    source = tree / name if (tree / name).exists() else ROOT / name
    places = [f"-I{ROOT / 'tests/model/shim'}", f"-I{tree / 'include'}", f"-I{tree}"]
    done = run(*conf["compiler"], *conf["flags"], *places, *conf["places"], "-c", source, "-o", target)
    if done.returncode:
        raise Wrong("it does not compile: " + done.stdout[-800:])
    return target


@functools.lru_cache(maxsize=None)
def includes(name):
    """The library's headers that a file includes, also by way of others: the shims' own, and what they stand before."""
    path = ROOT / name
    direct = re.findall(r"^#include(?:_next)? <([\w/.-]+)>", path.read_text() if path.is_file() else "", re.M)
    found = set()
    for header in direct:
        for place in ("tests/model/shim/", "include/", ""):
            if place + header != name and place + header not in found and (ROOT / (place + header)).is_file():
                found |= {place + header} | includes(place + header)
    return frozenset(found)


def build(conf, patch, fields, tree):
    """A changed header may be included by the model's own file, too."""
    program, files = fields["Model"].split()[0], fields["files"]
    copy_and_patch(patch, files, tree)
    members = [compile_one(conf, name, tree, tree / (pathlib.Path(name).name + ".o"))  # as the archive calls them
               for name in conf["modelled"] if name in files or includes(name) & set(files)]
    model = conf[f"object_{program}"]
    if includes(f"tests/model/{program}.c") & set(files):
        model = [compile_one(conf, f"tests/model/{program}.c", tree, tree / "model.o")]
    target, archive = tree / program, tree / "changed.a"
    archive.write_bytes(pathlib.Path(conf["modelled_archive"][0]).read_bytes())
    run("ar", "rs", archive, *members)
    libraries = [*conf[f"libraries_{program}"], *conf["system"], archive, *conf["system"]]
    done = run(*conf["compiler"], "-o", target, *model, *libraries, *conf["link"])
    if done.returncode:
        raise Wrong("it does not link: " + done.stdout[-800:])
    return target


def judge(target, fields, *options):
    """The claim that broke, or None, and the number of executions until then."""
    done = run(target, *fields["Model"].split()[1:], *options, "--quiet")
    counts = re.findall(r" (\d+) executions", done.stdout)
    broken = re.search(r"BROKEN: (.*)", done.stdout)
    if not counts or done.returncode not in (0, 1):
        raise Wrong("the model did not run: " + done.stdout[-400:])
    return (broken.group(1) if broken else None), int(counts[-1])


def check(conf, patch):
    """(all is well, a line for people)"""
    name = patch.stem
    try:
        fields = read_patch(patch)
        with tempfile.TemporaryDirectory() as folder:
            target = build(conf, patch, fields, pathlib.Path(folder))
            claim, executions = judge(target, fields)
            if claim is None:
                raise Wrong(f"it lives: {fields['Model']} saw nothing in {executions} executions")
            if fields["Dies"] not in claim:
                raise Wrong(f"it has to die by `{fields['Dies']}`, and died by `{claim}`")
            line = f"{name:34} dies after {executions:8}: {claim}"
            if fields.get("Newest") == "survives":
                claim, _ = judge(target, fields, "--newest")
                if claim:
                    raise Wrong(f"without weak memory it has to live, and died by `{claim}`")
                line += " (lives without weak memory)"
            return True, line
    except Wrong as wrong:
        return False, f"{name:34} WRONG: {wrong}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--conf", type=pathlib.Path, default=ROOT / "build/model/tests/model/models.conf",
                           help="models.conf of a build; preset `model` makes it")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    arguments.add_argument("names", nargs="*", help="mutants; none: all")
    asked = arguments.parse_args()
    if not asked.conf.is_file():
        sys.exit(f"no {asked.conf}; build the models: cmake --preset model && cmake --build --preset model")
    conf = read_conf(asked.conf)
    patches = {patch.stem: patch for patch in sorted((HERE / "mutants").glob("*.patch"))}
    unknown = [name for name in asked.names if name not in patches]
    if unknown:
        sys.exit(f"no mutant is called {unknown[0]}; tests/model/mutants has them, without .patch")
    patches = [patches[name] for name in asked.names or patches]
    with concurrent.futures.ThreadPoolExecutor(max(1, asked.jobs)) as pool:
        results = []
        for result in pool.map(lambda patch: check(conf, patch), patches):
            print(result[1], flush=True)
            results.append(result[0])
    print(f"{sum(results)} of {len(results)} mutants die as they have to")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
