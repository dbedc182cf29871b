# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs programs of Debian that use OpenMP on gcc's library and on Filch's: the same binaries, the same output.

Each program runs with 1, 2 and 8 threads, twice on the system's libgomp and once on Filch's. Outputs must be equal byte by
byte, or within a tolerance where threads add numbers in any order; the second run on libgomp shows that the tolerance is
the program's own affair. That Filch's library was used is read from what the dynamic linker has loaded, and that several
threads worked from a trace, which only Filch's library writes. The inputs are made here."""
import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent / "programs"
LIBRARIES = f"/usr/lib/{os.uname().machine}-linux-gnu"
BLAS = f"{LIBRARIES}/openblas-openmp"
TEAMS = 1, 2, 8
LIMIT = 60  # seconds of a run


@dataclass
class Program:
    name: str
    packages: str  # of Debian
    needs: str  # a file of the packages
    line: str  # for bash in an empty folder; $inputs, $built and OMP_NUM_THREADS are set. Its output is compared
    tolerance: float = 0  # of numbers, relative; 0: all bytes are equal
    folder: str = ""  # of libraries that come before the system's


PROGRAMS = [
    Program("ImageMagick", "imagemagick", "/usr/bin/convert",
            "/usr/bin/convert $inputs/noise.ppm -resize 200% -gaussian-blur 0x3 -rotate 17 -colorspace Lab"
            " -adaptive-sharpen 0x2 rgb:- | sha256sum"),
    Program("GraphicsMagick", "graphicsmagick", "/usr/bin/gm",
            "gm convert $inputs/noise.ppm -resize 200% -gaussian 3x2 -rotate 17 -median 1 ppm:- | sha256sum"),
    Program("FFTW", "libfftw3-dev", "/usr/include/fftw3.h", "$built/fftw"),
    Program("NumPy on OpenBLAS", "python3-numpy libopenblas0-openmp", f"{BLAS}/libopenblas.so.0",
            f"/usr/bin/python3 {HERE}/arrays.py", folder=BLAS),
    Program("scikit-learn", "python3-sklearn libopenblas0-openmp", "/usr/lib/python3/dist-packages/sklearn/__init__.py",
            f"/usr/bin/python3 {HERE}/learning.py", tolerance=1e-6, folder=BLAS),
    Program("GraphBLAS", "libgraphblas-dev", f"{LIBRARIES}/libgraphblas.so", "$built/graphblas"),
    Program("primecount", "primecount", "/usr/bin/primecount", "primecount 3e13; primecount --phi 1e11 200"),
    Program("Kalign", "kalign", "/usr/bin/kalign",
            "kalign -i $inputs/proteins.fa -n $OMP_NUM_THREADS -o out.fa >/dev/null 2>&1; cat out.fa"),
    Program("Clustal Omega", "clustalo", "/usr/bin/clustalo",
            "clustalo -i $inputs/proteins.fa --threads $OMP_NUM_THREADS"),
    Program("FastTree", "fasttree", "/usr/bin/fasttreeMP", "fasttreeMP -nt -quiet -nopr $inputs/genes.fa"),
    Program("BART", "bart", "/usr/bin/bart",
            "bart phantom -x 96 -s 4 -k data; bart phantom -x 96 -S 4 coils;"
            " bart pics -l2 -r 0.01 -i 15 data coils image >messages; cat image.cfl | sha256sum"),
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", metavar="DIR", type=Path, required=True, help="folder of Filch's libgomp.so.1")
    parser.add_argument("--filch", metavar="FILE", type=Path, required=True, help="the command filch, which reads traces")
    parser.add_argument("--only", metavar="NAME", help="run one program")
    parser.add_argument("--time", metavar="ROUNDS", type=int, help="compare no outputs; print times with --threads, in turns")
    parser.add_argument("--threads", metavar="N", type=int, default=2, help="of --time (default 2)")
    return parser.parse_args()


# ---- Inputs ----

def evolved(draw, letters, length, count, change, insert):
    """Sequences of one ancestor: with each doubling, letters change, and some are inserted or lost."""
    family = [[draw.choice(letters) for _ in range(length)]]
    while len(family) < count:
        family = [child for parent in family for child in (descend(draw, letters, parent, change, insert) for _ in range(2))]
    return "".join(f">s{i}\n{''.join(one)}\n" for i, one in enumerate(family[:count]))


def descend(draw, letters, parent, change, insert):
    child = []
    for letter in parent:
        if draw.random() < insert:
            child.append(draw.choice(letters))
        if draw.random() >= insert:
            child.append(draw.choice(letters) if draw.random() < change else letter)
    return child


def make_inputs(folder):
    draw = random.Random(1)
    (folder / "proteins.fa").write_text(evolved(draw, "ACDEFGHIKLMNPQRSTVWY", 120, 64, 0.1, 0.02))
    (folder / "genes.fa").write_text(evolved(draw, "ACGT", 300, 80, 0.05, 0))
    (folder / "noise.ppm").write_bytes(b"P6 320 240 255\n" + draw.randbytes(320 * 240 * 3))


def build(folder):
    for source, flags in ("fftw", ["-lfftw3_omp", "-lfftw3", "-lm"]), ("graphblas", ["-I/usr/include/suitesparse", "-lgraphblas"]):
        subprocess.run(["gcc", "-O2", "-fopenmp", HERE / f"{source}.c", "-o", folder / source, *flags], check=True)


# ---- Runs ----

class Runner:
    def __init__(self, given, work):
        self.library, self.filch, self.work = given.library.resolve(), given.filch.resolve(), work

    def run(self, program, threads, on_filch, **more):
        folders = [str(self.library)] * on_filch + [program.folder] * bool(program.folder)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "LD_"))}
        environment = {**clean, "LC_ALL": "C", "OMP_NUM_THREADS": str(threads), "LD_LIBRARY_PATH": ":".join(folders),
                       "inputs": str(self.work / "inputs"), "built": str(self.work / "built"), **more}
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", program.line], cwd=scratch, env=environment, timeout=LIMIT,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}")
        return done.stdout

    def run_seen(self, program, threads, on_filch):
        """The output; checks which libgomp.so.1 the dynamic linker has loaded."""
        with tempfile.TemporaryDirectory(dir=self.work) as notes:
            output = self.run(program, threads, on_filch, LD_DEBUG="libs", LD_DEBUG_OUTPUT=f"{notes}/loaded")
            text = "".join(note.read_text(errors="replace") for note in Path(notes).iterdir())
        loaded = set(re.findall(r"calling init: (\S*/libgomp\.so\S*)", text))
        ours = {one for one in loaded if one.startswith(f"{self.library}/")}
        if not loaded or ours != (loaded if on_filch else set()):
            raise RuntimeError(f"{'Filch' if on_filch else 'gcc'}'s library was wanted, and loaded was {loaded or 'none'}")
        return output

    def workers(self, program):
        """How many threads of a team of two have worked."""
        trace = self.work / "trace"
        self.run(program, 2, True, FILCH_TRACE=str(trace))
        table = subprocess.run([self.filch, "trace", trace], check=True, capture_output=True, text=True).stdout
        for old in self.work.glob("trace*"):
            old.unlink()
        return sum(1 for row in re.findall(r"^\d+ +([\d.]+ \w+) ", table, re.M) if not row.startswith("0.00"))


# ---- Judgement ----

NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def difference(one, other):
    """The largest relative difference of two numbers at the same place; infinite if the texts around them differ."""
    if NUMBER.sub(b"", one) != NUMBER.sub(b"", other):
        return float("inf")
    pairs = zip(map(float, NUMBER.findall(one)), map(float, NUMBER.findall(other)))
    return max((abs(a - b) / max(abs(a), abs(b), 1e-9) for a, b in pairs), default=0)


def differs(program, one, other):
    """The empty string, or how they differ."""
    if one == other:
        return ""
    if not program.tolerance:
        return "bytes differ"
    apart = difference(one, other)
    return "" if apart <= program.tolerance else f"numbers differ by {apart:.2g}"


def check(runner, program):
    """Faults of one program, as sentences."""
    faults = []
    for threads in TEAMS:
        first, second = (runner.run_seen(program, threads, False) for _ in range(2))
        ours = runner.run_seen(program, threads, True)
        if not first:
            faults.append(f"no output with {threads} threads")
        if unstable := differs(program, first, second):
            faults.append(f"two runs on gcc's library with {threads} threads: {unstable}")
        if wrong := differs(program, first, ours):
            faults.append(f"gcc's library and Filch's with {threads} threads: {wrong}")
    if (count := runner.workers(program)) < 2:
        faults.append(f"{count} threads worked in a team of 2")
    return faults


def check_all(runner, programs):
    failed = 0
    for program in programs:
        began = time.monotonic()
        try:
            faults = check(runner, program)
        except (RuntimeError, subprocess.SubprocessError) as error:
            faults = [str(error)]
        kind = f"numbers within {program.tolerance:g}" if program.tolerance else "bytes"
        print(f"{program.name}: {'; '.join(faults) or f'equal ({kind})'}, {time.monotonic() - began:.1f} s", flush=True)
        failed += bool(faults)
    return failed


def measure(runner, programs, rounds, threads):
    print("| program | s with gcc's library | s with Filch's | ratio | ratios of rounds |\n|---|---|---|---|---|")
    for program in programs:
        times = {False: [], True: []}
        for turn in range(-1, rounds):  # the first is thrown away
            for on_filch in (False, True) if turn % 2 else (True, False):
                began = time.monotonic()
                runner.run(program, threads, on_filch)
                if turn >= 0:
                    times[on_filch].append(time.monotonic() - began)
        ratios = [ours / theirs for theirs, ours in zip(times[False], times[True])]
        print(f"| {program.name} | {statistics.median(times[False]):.2f} | {statistics.median(times[True]):.2f}"
              f" | {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |", flush=True)


def main():
    given = arguments()
    programs = [one for one in PROGRAMS if given.only in (None, one.name)]
    if not programs:
        sys.exit(f"unknown program '{given.only}' (valid: {', '.join(one.name for one in PROGRAMS)})")
    absent = [one for one in programs if not Path(one.needs).exists()]
    for one in absent:
        print(f"{one.name} not found ({one.needs}): install Debian's packages {one.packages}")
    if absent:
        sys.exit(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in "inputs", "built", "library":
            (work / name).mkdir()
        shutil.copy(given.library / "libgomp.so.1", work / "library")  # a new build must not change it during a run
        given.library = work / "library"
        make_inputs(work / "inputs")
        build(work / "built")
        runner = Runner(given, work)
        if given.time:
            measure(runner, programs, given.time, given.threads)
        elif check_all(runner, programs):
            sys.exit(1)


if __name__ == "__main__":
    main()
