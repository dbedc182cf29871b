# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads the DejaGnu comments of libgomp's test programs: how to build and run each, and what it must print.

A comment `{ dg-NAME ARGUMENT ... }` is a Tcl list. A condition `{ target SELECTOR }` limits it to some targets.
Only the comments that decide on building and running are read; compile-time checks are not this suite's subject."""
import dataclasses
import fnmatch
import re
from pathlib import Path

TRIPLET = "x86_64-pc-linux-gnu"
ALWAYS = {"lp64", "size32plus", "tls", "tls_runtime", "sync_int_long", "shared", "fpic", "lto", "large_long_double",
          "sse2_runtime", "vect_simd_clones", "__float128", "fd_truncate", "run_expensive_tests"}
NEVER = {"ia32", "offload_device", "offload_device_nonshared_as", "offload_device_shared_as", "offload_target_nvptx",
         "offload_target_amdgcn", "offload_device_nvptx", "offload_device_any_intel_mic", "offload_device_intel_mic",
         "skip-all-targets", "aarch64_tiny"}
GRAPHITE = "-ansi -pedantic-errors -O2 -ftree-parallelize-loops=4 -floop-parallelize-all".split()
# Language: the compiler, then the folders of its programs, the short name of each and the suffixes.
LANGUAGES = {
    "c": ("gcc", {"libgomp.c": "c", "libgomp.c-c++-common": "c/common", "libgomp.graphite": "graphite"}, {".c"}),
    "c++": ("g++", {"libgomp.c++": "c++", "libgomp.c-c++-common": "c++/common"}, {".C", ".c"}),
    "fortran": ("gfortran", {"libgomp.fortran": "fortran"}, {".f", ".F", ".f90", ".F90", ".f95", ".f03", ".f08"}),
}
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclasses.dataclass
class Program:
    """One test program in one language."""
    name: str
    compiler: str
    source: Path
    options: list
    sources: list = dataclasses.field(default_factory=list)
    environment: dict = dataclasses.field(default_factory=dict)
    outputs: list = dataclasses.field(default_factory=list)
    must_fail: bool = False
    skipped: str = ""  # empty: the program is built and run

    def command(self, binary, testsuite, compiler, flags):
        """compiler: gcc, or the name of a clang or a flang."""
        chosen = self.compiler if compiler == "gcc" else compiler.replace("clang", "clang++") if self.compiler == "g++" else compiler
        files = [self.source] + [self.source.parent / one for one in self.sources]
        return [chosen, "-fopenmp", *self.options, *flags, f"-I{testsuite}", *map(str, files), "-o", str(binary), "-lm", *([] if compiler == "gcc" else ["-latomic"])]


def unescape(text):
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text, flags=re.S)


def read_list(text, at):
    """Reads the Tcl list that begins with the brace at text[at]; braces give lists, all else strings. None: the list does not end."""
    found, at = [], at + 1
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "}":
            return found, at + 1
        elif text[at] == "{":
            inner = read_list(text, at)
            if inner is None:
                return None
            found.append(inner[0])
            at = inner[1]
        elif text[at] == '"':
            quoted = re.compile(r'"((?:\\.|[^"\\])*)"').match(text, at)
            if not quoted:
                return None
            found.append(unescape(quoted[1]))
            at = quoted.end()
        else:
            word = re.compile(r"[^\s{}]+").match(text, at)
            found.append(word[0])
            at = word.end()
    return None


def comments(text):
    for line in text.splitlines():
        for begin in re.finditer(r"\{\s*dg-", line):
            one = read_list(line, begin.start())
            if one is not None:
                yield one[0]


class Targets:
    """Evaluates selectors for this computer and one language. Unknown keywords count as false and are collected."""
    unknown = set()

    def __init__(self, language):
        self.true = ALWAYS | {language}
        if re.search(r"^flags\s*:.*\bavx\b", Path("/proc/cpuinfo").read_text(), re.M):
            self.true.add("avx_runtime")

    def keyword(self, word):
        if "*" in word or word.count("-") >= 2 and word not in NEVER:
            return fnmatch.fnmatchcase(TRIPLET, word.replace("i?86", "i[3-6]86"))
        if word not in self.true | NEVER | set(LANGUAGES) | {"avx_runtime"}:
            self.unknown.add(word)
        return word in self.true

    def one(self, words):
        """The value of the first operand in words, and the words after it."""
        if words[0] == "!":
            value, rest = self.one(words[1:])
            return not value, rest
        if isinstance(words[0], list):
            return self.selects(words[0]), words[1:]
        if words[0].startswith("!"):
            return not self.keyword(words[0][1:]), words[1:]
        return self.keyword(words[0]), words[1:]

    def selects(self, selector):
        """A list of keywords means any of them; && and || bind from the left, as in the test suite's own use."""
        if isinstance(selector, str):
            return self.keyword(selector)
        value, words = False, selector
        while words:
            if words[0] == "&&":
                other, words = self.one(words[1:])
                value = value and other
            else:
                other, words = self.one(words[1:] if words[0] == "||" else words)
                value = value or other
        return value

    def admits(self, arguments):
        """True unless a condition { target SELECTOR } among the arguments is false."""
        conditions = [one for one in arguments if isinstance(one, list) and one[:1] == ["target"]]
        return all(self.selects(one[1:]) for one in conditions)


def skips(targets, arguments, options):
    """dg-skip-if REASON SELECTOR [INCLUDED OPTIONS [EXCLUDED OPTIONS]]."""
    line = " ".join(options)
    patterns = [one if isinstance(one, list) else [one] for one in arguments[2:4]]
    matches = [any(fnmatch.fnmatchcase(line, f"*{one.strip('*')}*") for one in given) for given in patterns]
    return targets.selects(arguments[1]) and (not matches or matches[0]) and not (len(matches) > 1 and matches[1])


def read(program, language):
    targets = Targets(language)
    action, extra = "run", []
    program.skipped = ""
    for name, *arguments in comments(program.source.read_text(errors="replace")):
        if name == "dg-do":
            if targets.admits(arguments[1:]):
                action = arguments[0]
            elif action == "run":
                action = "other target"
        elif name == "dg-options" and targets.admits(arguments[1:]):
            fortran = ["-O2"] if language == "fortran" else []
            program.options = fortran + arguments[0].split()
        elif name == "dg-additional-options" and targets.admits(arguments[1:]):
            extra += arguments[0].split()
        elif name == "dg-additional-sources":
            program.sources += arguments[0].split()
        elif name == "dg-set-target-env-var":
            program.environment[arguments[0]] = arguments[1]
        elif name == "dg-output" and targets.admits(arguments[1:]):
            program.outputs.append(arguments[0])
        elif name == "dg-shouldfail" and targets.admits(arguments[1:]):
            program.must_fail = True
        elif name == "dg-require-effective-target" and not targets.selects(arguments[:1]):
            program.skipped = f"needs {arguments[0]}"
        elif name == "dg-skip-if" and skips(targets, arguments, program.options):
            program.skipped = "dg-skip-if"
    program.options = program.options + extra
    if action != "run":
        program.skipped = action
    return program


def programs(testsuite, language):
    """All programs of one language, in the order of their names."""
    compiler, folders, suffixes = LANGUAGES[language]
    found = []
    for folder, short in folders.items():
        root = testsuite / folder
        for source in sorted(one for one in root.rglob("*") if one.suffix in suffixes):
            options = GRAPHITE if short == "graphite" else ["-O2"]
            found.append(read(Program(f"{short}/{source.relative_to(root)}", compiler, source, options), language))
    helpers = {one.source.parent / source for one in found for source in one.sources}
    return [one for one in found if one.source not in helpers]
