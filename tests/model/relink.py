# SPDX-License-Identifier: MIT OR Apache-2.0
"""Test programs of a build, linked anew with changed files in front of the library."""
import contextlib
import json
import os
import pathlib
import shlex
import signal
import subprocess

import mutants

LIBRARY = "/filch_objects.dir/"  # in the commands that compile it; models compile the same sources


def programs_of(build, *labels):
    """{test: program} of the tests in C of these labels, of any label without one."""
    rows = map(str.split, (build / "tests/programs.txt").read_text().splitlines())
    return {test: build / "tests" / program for test, program, label in rows if not labels or label in labels}


def start(program, test, output, environment=None):
    """The tests of one file, one after the other, in a process group of its own."""
    return subprocess.Popen([program, "-j1", "--file", test], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True, errors="replace",
                            env=environment, start_new_session=True)


def end(running):
    """With its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)


def run(program, test, seconds, environment=None):
    """Whether the test passes in time. Its children end with it."""
    running = start(program, test, subprocess.DEVNULL, environment)
    try:
        return running.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        end(running)
        running.wait()


class Programs:
    def __init__(self, build, names, *always):
        """names: the tests. always: objects that the program of each gets."""
        self.build, self.always, self.links, self.programs = build, always, {}, programs_of(build)
        entries = json.loads((build / "compile_commands.json").read_text())
        self.compiled = {entry["file"]: shlex.split(entry["command"]) for entry in entries if LIBRARY in entry["command"]}
        self.own = {pathlib.Path(entry["file"]).stem: shlex.split(entry["command"]) for entry in entries
                    if pathlib.Path(entry["file"]).stem in names}

    def link(self, name):
        if name not in self.links:
            said = subprocess.run(["ninja", "-C", self.build, "-t", "commands", "-s", self.programs[name].relative_to(self.build)], stdout=subprocess.PIPE, text=True,
                                  check=True).stdout
            words = shlex.split(said.strip().splitlines()[-1])
            self.links[name] = [word for word in words if word not in (":", "&&")]
        return self.links[name]

    def make(self, name, objects, target, own=None):
        """A test's program with these objects in the place of those of the library; `own`: in the place of the test's."""
        words = list(self.link(name))
        words[words.index("-o") + 1] = str(target)
        if own:
            words[next(i for i, word in enumerate(words) if word.endswith(f"/{name}.c.o"))] = str(own)
        at = next(i for i, word in enumerate(words) if word.endswith(".a"))
        subprocess.run([*words[:at], *objects, *self.always, "-Wl,-z,muldefs", *words[at:]], cwd=self.build, check=True)

    @staticmethod
    def compile(words, folder, name, *options, source=None):
        """An object without counters, by this command or of another source; None if it has an error."""
        target = folder / f"{name}.o"
        words = [word for word in words if word not in ("--coverage", "-g", "-g1", "-Werror", "-fprofile-update=atomic")]
        if "-include" in words:  # precompiled headers, which have other options, and not the changes
            del words[words.index("-include"):words.index("-include") + 2]
        words[words.index("-o") + 1] = str(target)
        if source:
            words[words.index("-c") + 1] = str(source)
        return None if mutants.run(words[0], *options, *words[1:], "-w").returncode else target
