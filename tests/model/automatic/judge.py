# SPDX-License-Identifier: MIT OR Apache-2.0
"""The verdict on one fault: it is compiled into the models that run its line, which are searched until one sees it.

Every row is first sampled at random, which finds most faults in milliseconds. A fault that all of them miss goes to the
lints, then to unit tests that run its line. Then each row is searched as it says, the quick ones first, each for a part
of the time that is left."""
import collections
import functools
import hashlib
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

import syntax

ROOT = syntax.ROOT
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "tests/model"))
import check_atomics  # noqa: E402
import mutants  # noqa: E402
import reach  # noqa: E402
import unit  # noqa: E402
from atomics import rules  # noqa: E402
from atomics.source import Source  # noqa: E402

SAMPLE = 250  # executions of a row at random, by one seed
SAMPLING = 3.0  # seconds for the samples of all rows
PART = 2.0  # seconds for one row, or a fifth of the time for all of them
HUNG = 20  # seconds of processor without an end: dead
FAILED = re.compile(r"BROKEN: (.*)")
DISASSEMBLED = "include/filch/fork.h"  # tests/disassembly looks for the light fences of this file
PROBED = re.compile(r"fl_probe\(FL_TRACE_\w+,")  # tests/tool/probes.sh looks for a probe of each event


class NoCode(Exception):
    """It does not compile."""


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (HUNG, HUNG + 1))


RESTS = tempfile.TemporaryDirectory()


@functools.lru_cache(maxsize=None)
def without(archive, members):
    """A copy of an archive that has not these members."""
    rest = pathlib.Path(RESTS.name) / f"{hashlib.sha256(' '.join(members).encode()).hexdigest()[:12]}.a"
    rest.write_bytes(pathlib.Path(archive).read_bytes())
    mutants.run("ar", "d", rest, *members)
    return rest


class Build:
    """Programs with one fault each, in a folder that is removed."""

    def __init__(self, conf, folder, fault, text, objects):
        self.conf, self.folder, self.fault = conf, pathlib.Path(folder), fault
        target = self.folder / fault.file
        target.parent.mkdir(parents=True)
        target.write_text(text)
        self.programs, self.whole = {}, False
        self.members = [name for name in conf["modelled"]
                        if name == fault.file or (fault.file in mutants.includes(name) if objects is None
                                                  else fault.file.endswith(".h") and pathlib.Path(name).stem in objects)]
        self.made = [self._compile(name) for name in self.members]
        self.rest = without(conf["modelled_archive"][0], tuple(f"{pathlib.Path(name).name}.o" for name in self.members))
        self.changed = self.folder / "changed.a"
        if self.made:
            mutants.run("ar", "rcs", self.changed, *self.made)

    def _compile(self, name):
        try:
            return mutants.compile_one(self.conf, name, self.folder, self.folder / f"{pathlib.Path(name).name}.o")
        except mutants.Wrong as wrong:
            raise NoCode(str(wrong)) from None

    def program(self, model):
        if model not in self.programs:
            own = [f"tests/model/{path.name}" for path in (mutants.HERE / f"{model}.c", mutants.HERE / f"{model}_rows.c")
                   if path.exists()]
            objects = self.conf[f"object_{model}"]
            if self.fault.file.endswith(".h") and any(self.fault.file in mutants.includes(name) for name in own):
                objects = [mutants.compile_one(self.conf, name, self.folder, self.folder / (pathlib.Path(name).stem + ".own.o"))
                           for name in own]
            target = self.folder / f"model_{model}"
            inside = [self.changed] * bool(self.made) + [self.rest]
            done = mutants.run(*self.conf["compiler"], "-o", target, *objects, *self.conf[f"libraries_{model}"],
                               *self.conf["system"], "-Wl,--start-group", *inside, "-Wl,--end-group", *self.conf["system"],
                               *self.conf["link"], "-Wl,-S")
            if done.returncode:
                raise NoCode("it does not link: " + done.stdout[-400:])
            self.programs[model] = target
        return self.programs[model]

    def search(self, model, rows, *options):
        """(row, claim) of the first one that breaks, or None."""
        running = subprocess.Popen([self.program(model), *options, "--quiet", *rows], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, preexec_fn=limit)
        done = 0
        with running:
            for line in running.stdout:
                broken = FAILED.search(line)
                if broken:
                    running.kill()
                    return rows[min(done, len(rows) - 1)], broken[1]
                done += line.split(" ", 1)[0] in rows
        self.whole = running.returncode == 0
        if running.returncode not in (0, 1, 3):
            return rows[min(done, len(rows) - 1)], "it does not end" if running.returncode in (-24, -9) else "it crashes"
        return None


def ordered(rows, seconds, killers):
    """Likely ones first: those that found other faults of this function, then the quick ones."""
    return sorted(rows, key=lambda row: (-killers[row], seconds.get(row, 9.0)))


def by_model(rows, most=6):
    """(model, some of its rows) of each run of its program, in the order of these rows."""
    groups = collections.OrderedDict()
    for row in rows:
        model, name = row.split(" ")
        groups.setdefault(model, []).append(name)
    for model, names in groups.items():
        yield from ((model, names[i:i + most]) for i in range(0, len(names), most))


def sample(build, rows):
    """The verdict of rows sampled at random, and the claim that broke; or None. Slow models come last."""
    began = time.monotonic()
    for model, names in by_model(rows):
        if time.monotonic() - began > SAMPLING:
            break
        hit = build.search(model, names, "--random", str(SAMPLE), "--seed", "1")
        if hit:
            return f"dies {model} {hit[0]}", hit[1]
    return None


def search(build, rows, time_limit):
    """A verdict of models, and the claim that broke, or how much was searched without one."""
    began, whole = time.monotonic(), 0
    for row in rows:
        left = time_limit - (time.monotonic() - began)
        if left <= 0:
            break
        model, name = row.split(" ")
        hit = build.search(model, [name], "--seconds", f"{min(max(PART, time_limit / 5), left):.2f}")
        if hit:
            return f"dies {model} {hit[0]}", hit[1]
        whole += build.whole
    return "lives", f"{len(rows)} rows, {whole} of them whole"


class Lint:
    """tools/check_atomics.py, with one file changed."""

    @functools.cached_property
    def sources(self):
        return check_atomics.read(ROOT, ["include", "sched", "runtime"])

    def tells(self, path, text):
        spoiled = Source(path, text)
        found = list(rules.check_source(spoiled, rules.Tree({**self.sources, path: spoiled}), set()))
        return found[0].rule if found else None

    def edges(self, fault):
        """The labels of the accesses in a statement."""
        return sorted({label for access in self.sources[fault.file].accesses for label in access.labels()
                       if fault.first <= access.line <= fault.last})


def compiler_tells(conf, fault, folder, text):
    """Warnings are errors in every build of the library."""
    path = pathlib.Path(folder) / "warned" / fault.file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    if path.suffix == ".h":
        return False
    done = mutants.run(*conf["compiler"], "-std=gnu11", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wshadow", "-Wvla",
                       "-Wstrict-prototypes", "-Wmissing-prototypes", "-Werror", f"-I{ROOT / 'include'}", f"-I{ROOT}",
                       "-c", "-o", "/dev/null", path)
    return bool(done.returncode)


def told(conf, lint, fault, folder, text):
    rule = lint.tells(fault.file, text)
    if rule:
        return f"told atomics:{rule}"
    if compiler_tells(conf, fault, folder, text):
        return "told compiler"
    if fault.operator == "fence" and "light" in fault.old and fault.file == DISASSEMBLED:
        return "told disassembly"
    if fault.operator == "delete" and PROBED.match(fault.old):
        return "told probes"
    return None


def again(conf, fault, text, model, row, whole=True):
    """The claim that broke when a recorded death is repeated, or None."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            build = Build(conf, folder, fault, text, None)
            hit = build.search(model, [row], "--random", str(SAMPLE), "--seed", "1") or (whole and build.search(model, [row]))
        except NoCode:
            return None
    return hit[1] if hit else None


def by_tests(builds, fault, text, argument, time_limit):
    """The test that fails in the first of the builds in which one does, and how many ran."""
    ran = 0
    for build in builds:
        failed, count = build.fails(ROOT, fault, text, argument, time_limit)
        ran += count
        if failed:
            return failed, ran
    return None, ran


class ByTests:
    """Judges survivors by unit tests alone: the record of one that still lives stays as it is."""

    def __init__(self, builds, time_limit):
        self.builds, self.time_limit, self.lint = builds, time_limit, Lint()

    def forget_killers(self):
        pass

    def verdict(self, fault, text, argument, before):
        failed, _ = by_tests(self.builds, fault, text, argument, self.time_limit)
        if failed:
            return f"tested {failed}", ""
        return before.verdict, before.remark


class Judge:
    def __init__(self, conf, rows, seconds, tests, time_limit, cache, reopens=False):
        """tests: builds of unit tests. reopens: survivors are not taken from the cache, which does not know the tests."""
        self.conf, self.rows, self.seconds, self.tests, self.time_limit = conf, rows, seconds, tests, time_limit
        self.reopens = reopens
        self.held = set()
        self.lint = Lint()
        self.cache_file = cache
        self.cache = self.cached()
        self.checker = "".join(self.hash_of(path) for path in conf["system"])
        self.killers = collections.Counter()

    def cached(self):
        return json.loads(self.cache_file.read_text()) if self.cache_file.exists() else {}

    def keep(self):
        """With the verdicts of other processes meanwhile."""
        self.cache = {**self.cached(), **self.cache}
        fresh = self.cache_file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(self.cache))
        fresh.replace(self.cache_file)

    @staticmethod
    def hash_of(path):
        return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:12]

    def key(self, fault, text, rows):
        models = sorted({row.split(" ")[0] for row in rows})
        own = [self.hash_of(path) for model in models for path in self.conf[f"object_{model}"]]
        return hashlib.sha256(" ".join([fault.new, text, self.checker, *own, *rows]).encode()).hexdigest()[:24]

    def forget_killers(self):
        self.killers.clear()

    def verdict(self, fault, text, argument, _):
        """(verdict, remark), from the cache if nothing has changed."""
        rows, objects = reach.at(self.rows, fault.file, fault.first, fault.last)
        key = self.key(fault, text, rows)
        known = self.cache.get(key)
        if not known or (known[0] == "lives" and (self.reopens or known[2] < self.time_limit)):
            known = [*self.find(fault, text, argument, rows, objects), self.time_limit]
            self.cache[key] = known
            self.keep()
        if known[0].startswith("dies "):
            self.killers[known[0].removeprefix("dies ")] += 1
        return known[0], known[1]

    def find(self, fault, text, argument, rows, objects):
        rows = ordered(rows, self.seconds, self.killers)
        with tempfile.TemporaryDirectory() as folder:
            try:
                build = Build(self.conf, folder, fault, text, objects)
                hit = sample(build, rows)
                if hit:
                    return self.sound(fault, hit)
                by_lint = told(self.conf, self.lint, fault, folder, text)
                failed, tests = (None, 0) if by_lint else by_tests(self.tests, fault, text, argument, unit.TESTING)
                if failed:
                    return f"tested {failed}", ""
                verdict, remark = search(build, rows, self.time_limit / 3 if by_lint else self.time_limit)
            except NoCode:
                return "told compiler", "it does not compile"
        if verdict == "lives":
            return (by_lint, remark) if by_lint else (verdict, f"{remark}, {tests} tests")
        return self.sound(fault, (verdict, remark))

    def sound(self, fault, hit):
        """The hit, if its row holds without the fault."""
        row = hit[0].split()[1:]
        if (fault.file, *row) not in self.held:
            if again(self.conf, fault, (ROOT / fault.file).read_text(encoding="utf-8"), *row, whole=False):
                sys.exit(f"{' '.join(row)} breaks without a fault in {fault.file}; run that model alone")
            self.held.add((fault.file, *row))
        return hit
