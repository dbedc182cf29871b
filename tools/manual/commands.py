# SPDX-License-Identifier: MIT OR Apache-2.0
"""The programs as data, read from their own output: --help=json of a command, and the lists and tables of --help."""
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Program:
    name: str
    about: str
    commands: list = field(default_factory=list)  # (name, what, description of --help=json)
    options: list = field(default_factory=list)  # of the program itself, as in --help=json
    ending: str = ""


def printed(program, *arguments):
    """The program may have been linked without the path of its libraries, which are in the build folder."""
    build = Path(program).parent.parent
    environment = {**os.environ, "LD_LIBRARY_PATH": f"{build}/runtime:{build}/lib"}
    return subprocess.run([program, *arguments], text=True, check=True, capture_output=True, env=environment).stdout


def described(program, *words):
    return json.loads(printed(program, *words, "--help=json"))


def filch(folder):
    program = f"{folder}/filch"
    text = printed(program, "--help")
    rows = [(name.strip(), what) for name, what in re.findall(r"^  filch (\w+) +([a-z].*)$", text, re.M)]
    about, ending = text.split("\n\n")[1], text[text.index("Exit status") :]
    commands = [(name, what, described(program, name)) for name, what in rows]
    options = [option("help", "print this help and exit"), option("version", "print the version and exit")]
    return Program("filch", about, commands, options, ending)


def filch_jobs(folder):
    program = f"{folder}/filch-jobs"
    text = printed(program, "--help")
    whole = json.loads(printed(program, "--help=json"))
    rows = re.findall(r"^  (\w+(?: \w+)?) {2,}([a-z].*)$", text, re.M)
    commands = [(name, what, described(program, *name.split())) for name, what in rows]
    return Program("filch-jobs", whole["about"], commands, whole["options"], whole["ending"])


def option(name, what, value=None, choices=()):
    return {"name": name, "letter": "", "value": value, "help": what, "choices": list(choices)}


def cells(line):
    return [cell.strip().strip("`").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def filch_worker(folder, jobs):
    """Its options: those listed in --help, and one for each key of its configuration; jobs: filch-jobs, which has the same brokers."""
    program = f"{folder}/filch-worker"
    text = printed(program, "--help")
    own = re.findall(r"^  --(\w[\w-]*)(\[=\w+\]| [A-Z]+)? {2,}(.*)$", text[: text.index("\nKeys.")], re.M)
    options = [option(name, what, value.strip() or None) for name, value, what in own]
    for line in printed(program, "--help=markdown").split("\n\n")[0].strip().split("\n")[2:]:
        name, allowed, standard, _, secret, _, what = cells(line)
        plain = allowed == "true, false"
        choices = allowed.split(", ") if re.fullmatch(r"\w+(, \w+)+", allowed) and not plain else []
        options.append(option(name, f"{what}: {allowed}; default: {standard}", None if plain else "VALUE", choices))
        if name == "broker":
            options[-1]["choices"] = next(one["choices"] for one in jobs.options if one["name"] == name)
        if secret:
            options.append(option(f"{name}-file", f"a file with the value of {name}", "FILE"))
    return Program("filch-worker", text.split("\n\n")[1], [], options, "")


def read(folder):
    """The programs in `folder`, which is tools/ of a build."""
    jobs = filch_jobs(folder)
    return [filch(folder), jobs, filch_worker(folder, jobs)]
