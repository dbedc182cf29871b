#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Automatic mutants: each order a step weaker, each fence dropped, each comparison one off, each CAS made a store, each
statement deleted. Which of them do the models see?

    tools/mutants.sh FILE...     judges the faults of these modelled files, prints and records the verdicts: those of
                                 functions that have changed since; with --anew, all
    tools/mutants.sh --all       of all modelled files
    tools/mutants.sh --survivors FILE...   those that live, too, after a row or a claim was added
    tools/mutants.sh --holes FILE...   of those, only the ones that are not argued to be equal or only to cost time
    tools/mutants.sh --tests FILE...   the same by unit tests alone, after a test was added: first those that the argument names;
                                 no model is built or searched
    tools/mutants.sh --check     only compares the arguments with the sources. Needs no build
    tools/mutants.sh --report    writes build/mutants/report.md, and strikes arguments of mutants that live no longer
    tools/mutants.sh --list FILE names the faults of a file

Verdicts lie in build/mutants, and are cached in build/model by the changed text, the models and the checker."""
import argparse
import collections
import concurrent.futures
import multiprocessing
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent)]
import page  # noqa: E402
import records  # noqa: E402
import syntax  # noqa: E402

MODEL = ROOT / "build/model"
COVERAGE = ROOT / "build/coverage"
ASAN = ROOT / "build/asan"


def say(text):
    print(text, file=sys.stderr, flush=True)


def recorded(file):
    """{name: verdict} of functions that are as they were judged."""
    if file not in records.judged():
        return {}
    now = {function.name: function.hash for function in syntax.read(file).functions}
    return {page.name_of(file, function, verdict): verdict for function, (code, verdicts) in records.read(file).items()
            if now.get(function) == code for verdict in verdicts}


def is_settled(asked, verdict, argument):
    """Whether a recorded verdict is taken over."""
    if asked.anew:
        return False
    is_open = asked.survivors or ((asked.holes or asked.tests) and (not argument or argument[1] == "Hole"))
    return not (is_open and verdict.verdict == "lives")


def judge_file(judge, file, asked):
    source, known, arguments = syntax.read(file), recorded(file), records.arguments()
    verdicts = collections.defaultdict(list)
    function = None
    for fault in source.faults():
        if fault.function != function:
            judge.forget_killers()
            function = fault.function
        wording, before, argument = syntax.wording(source, fault), known.get(fault.name), arguments.get(fault.name)
        before = before if before and before.fault == wording else None
        found = before
        if asked.tests and not before:
            sys.exit(f"no verdict for {fault.name}; judge {file} without --tests first")
        if not before or not is_settled(asked, before, argument):
            verdict, remark = judge.verdict(fault, syntax.changed(source.text, fault), argument[2] if argument else "", before)
            found = records.Verdict(fault.operator, fault.ordinal, verdict, remark.replace("|", "/"),
                                    tuple(judge.lint.edges(fault)), wording)
            print(f"{fault.name:60} {verdict:28} {remark}", flush=True)
        verdicts[fault.function].append(found)
    records.write(file, {each.name: (each.hash, verdicts[each.name]) for each in source.functions})


def judge_files(asked):
    import judge as judging
    import mutants
    import reach
    import unit
    conf = mutants.read_conf(MODEL / "tests/model/models.conf")
    known = [*conf["modelled"], *page.HEADERS]
    unknown = [file for file in asked.files if file not in known]
    if unknown:
        sys.exit(f"{unknown[0]} is not modelled (modelled: see tests/model/CMakeLists.txt; headers: {', '.join(page.HEADERS)})")
    tests = unit.Tests(ROOT, COVERAGE, say)
    builds = tests, unit.Sanitized(tests, ASAN)
    if asked.tests:
        judge = judging.ByTests(builds, asked.seconds)
    else:
        judge = judging.Judge(conf, reach.measure(ROOT, COVERAGE, say), reach.seconds(ROOT, MODEL, say), builds, asked.seconds,
                              MODEL / "mutants.json", asked.survivors or asked.holes)
    with concurrent.futures.ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("fork"), share, (judge, asked)) as pool:
        for done in [pool.submit(judge_in_time, file) for file in asked.files or known]:
            done.result()


def share(*judge_and_asked):
    """In each process of the pool, which inherits them."""
    judge_in_time.given = judge_and_asked


def judge_in_time(file):
    judge, asked = judge_in_time.given
    began = time.monotonic()
    judge_file(judge, file, asked)
    say(f"{file}: {page.summary(records.read(file))} in {time.monotonic() - began:.0f} s")


def list_faults(files):
    for file in files:
        source = syntax.read(file)
        for fault in source.faults():
            print(f"{fault.name}  {syntax.wording(source, fault)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="judge all modelled files")
    parser.add_argument("--survivors", action="store_true", help="judge mutants that live anew, too")
    parser.add_argument("--holes", action="store_true", help="judge those of them anew that no argument excuses")
    parser.add_argument("--tests", action="store_true", help="judge these by unit tests alone")
    parser.add_argument("--anew", action="store_true", help="judge all anew, not only functions that have changed")
    parser.add_argument("--check", action="store_true", help="compare the arguments with the sources")
    parser.add_argument("--report", action="store_true", help="write build/mutants/report.md, strike arguments that are not needed any more")
    parser.add_argument("--list", action="store_true", help="name the faults")
    parser.add_argument("--seconds", type=float, default=20, help="of search, for one mutant that no sample, lint or test tells; with --tests: of tests (default: 20)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="files that are judged at a time (default: as many as CPUs)")
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()
    if asked.list:
        list_faults(asked.files)
    elif asked.files or asked.all:
        judge_files(asked)
    if asked.report:
        page.write()
    if asked.check:
        return page.check()
    if not (asked.list or asked.files or asked.all or asked.report):
        parser.error("name a file, or give --all, --check or --report")
    return 0


if __name__ == "__main__":
    sys.exit(main())
