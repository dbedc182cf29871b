#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Automatic mutants: the syntax yields the faults that it should and no others, and an argument that no longer fits is reported."""
import collections
import contextlib
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent)]
import judge  # noqa: E402
import page  # noqa: E402
import reach  # noqa: E402
import records  # noqa: E402
import relink  # noqa: E402
import syntax  # noqa: E402
import unit  # noqa: E402

# A function's body, and the faults of one operator in it, as the changed text.
CASES = (
    ("order", "x = filch_u32_load(&a->w, FILCH_SEQ_CST);", ["FILCH_ACQUIRE"]),
    ("order", "filch_ptr_store(&a->w, f(b, 1), FILCH_RELEASE);", ["FILCH_RELAXED"]),
    ("order", "filch_u64_cas(&w, &old, old + 1, FILCH_ACQ_REL);", ["FILCH_ACQUIRE", "FILCH_RELEASE"]),
    ("order", "filch_u64_add(&w, 1, FILCH_SEQ_CST);", ["FILCH_ACQ_REL"]),
    ("order", "filch_u32_load(&w, FILCH_RELAXED); other(FILCH_SEQ_CST);", []),
    ("fence", "filch_fence_seq_cst(); fl_fence_heavy(); no_fence();", ["(void)0", "(void)0"]),
    ("compare", "if (a < b && p->q == NULL) go();", ["<=", "+ 1 <", "!=", "== 1 +"]),
    ("compare", "x = a << 1 | b >> 2; y = p->q; /* a < b */ s = \"a < b\";", []),
    ("cas", "done = filch_u32_cas(&f(a, b)->w, &old, old | 1, FILCH_ACQ_REL);",
     ["(filch_u32_store(&f(a, b)->w, old | 1, FILCH_RELEASE), 1)"]),
    ("cas", "filch_u32_store(&w, 1, FILCH_RELEASE);", []),
    ("delete", "int x = 1; fl_worker *by = at; unsigned i; (void)x; return x;", []),
    ("delete", "for (i = 0; i < 3; i++) a[i] = 1; *p = 2; p->q(x); i++;", ["a[i] = 1;", "*p = 2;", "p->q(x);", "i++;"]),
    ("delete", "if (x) go(); else { break; } switch (x) { case 1: stop(); }", ["go();", "break;", "stop();"]),
    ("stay", "if (x) return y; for (;;) { if (z) return (w); } return 0;", ["return y;", "return (w);"]),
    ("stay", "if (x) return; return 1;", []),
    ("delete", "FL_GIVEN(out); FL_GIVEN_IN(\"f\", rt); FL_ALIVE(pool); FL_ALIVE_IN(\"f\", pool); FL_MUST_GIVE(p); go();", ["go();"]),
    ("compare", "FL_ASSERT(a < b && (c || g(1) == d)); if (a > b) go();", [">=", "> 1 +"]),
    ("delete", "fl_life_begin(&p->life); fl_life_end(&p->life); fl_life(p);", ["fl_life(p);"]),
    ("delete", "fl_count(by, FL_WAKES, 1); filch_fence_seq_cst(); goto end; end: ;", []),
)
SOURCE = """\
#define GO(x) if (x < 1) stop()
static const char *const names[] = {"a", "b"};

int first(int x) /* a comment */
{
    go(x);
    return x > 1;
}

int second(void)
{
    return 2;
}
"""
failures = []


def claim(what, holds):
    if not holds:
        failures.append(what)
        print("FAILED:", what)


def faults_of(text, operator):
    file = syntax.File("sched/x.c", text)
    return file, [fault for fault in file.faults() if fault.operator == operator]


def operators():
    for operator, body, expected in CASES:
        file, found = faults_of(f"void f(void)\n{{\n    {body}\n}}\n", operator)
        shown = [fault.old if operator in syntax.DROPS else fault.new for fault in found]
        claim(f"{operator} of `{body}`: {shown}, expected {expected}", shown == expected)
        for fault in found:
            changed = syntax.changed(file.text, fault)
            claim(f"{fault.name} changes the text, and only there",
                  changed != file.text and changed.startswith(file.text[:fault.begin]) and changed.endswith(file.text[fault.end:]))


def names():
    file = syntax.File("sched/x.c", SOURCE)
    claim("functions are found, macros and tables are not", [each.name for each in file.functions] == ["first", "second"])
    checked = "static int holds(int x)\n{\n    return x > 1;\n}\n\n" + SOURCE.replace("    go(x);", "    FL_ASSERT(holds(x));\n    go(x);")
    claim("a function that only assertions call is none", [each.name for each in syntax.File("sched/x.c", checked).functions] ==
          ["first", "second"])
    called = checked.replace("go(x)", "go(holds(x))")
    claim("one that is called elsewhere is one", syntax.File("sched/x.c", called).functions[0].name == "holds")
    claim("a fault is named by file, function, operator and ordinal",
          [fault.name for fault in file.faults()] == [f"sched/x.c:first:{name}" for name in ("compare.1", "compare.2", "delete.1")])
    before = {each.name: each.hash for each in file.functions}
    for change, (old, new), same in (("a comment", ("a comment", "another"), True), ("layout", ("go(x)", "go( x )"), True),
                                     ("a check of an argument", ("    go(x)", "    FL_GIVEN(x);\n    go(x)"), True),
                                     ("code", ("go(x)", "go(y)"), False)):
        after = {each.name: each.hash for each in syntax.File("sched/x.c", SOURCE.replace(old, new)).functions}
        claim(f"{change}: the hash of its function is {'kept' if same else 'another'}", (after["first"] == before["first"]) == same)
        claim(f"{change}: the hash of the other function is kept", after["second"] == before["second"])


@contextlib.contextmanager
def folder_of(arguments):
    kept = records.FOLDER, records.ARGUMENTS
    with tempfile.TemporaryDirectory() as folder:
        records.FOLDER = records.ARGUMENTS = pathlib.Path(folder)
        (records.ARGUMENTS / "sched.txt").write_text(arguments)
        yield
    records.FOLDER, records.ARGUMENTS = kept


def a_record(file):
    source = syntax.read(file)
    verdicts = {function.name: (function.hash, []) for function in source.functions}
    for fault in source.faults():
        verdicts[fault.function][1].append(records.Verdict(fault.operator, fault.ordinal, "lives", "2 rows | ".replace("|", "/"),
                                                           ("P6",), syntax.wording(source, fault)))
    return verdicts


def recorded():
    file = "sched/idle.c"
    verdicts = a_record(file)
    fault = verdicts["coming"][1][0]
    name = page.name_of(file, "coming", fault)
    with folder_of(f"# words\n[{name}] {fault.fault}\n[sched/x.c:f:delete.1] no code\nEqual: two\n  lines\n"):
        records.write(file, verdicts)
        claim("a record is read as it was written", records.read(file) == verdicts)
        claim("arguments are read, several names for one", records.arguments() == {
            name: (fault.fault, "Equal", "two lines"), "sched/x.c:f:delete.1": ("no code", "Equal", "two lines")})
        claim("an argument of a file that is gone is reported", [line for line in page.findings()] ==
              ["arguments: sched/x.c of sched/x.c:f:delete.1 is gone; strike it"])
    for heading, words in ((f"[{name}] {fault.fault} more", "examine it"), (f"[{file}:coming:order.9] x", "names no mutant")):
        with folder_of(f"{heading}\nEqual: a\n"):
            claim(f"an argument that no longer fits is reported: {heading}", words in "".join(page.findings()))
    with folder_of(f"[{name}] {fault.fault}\nEqual: a\n"):
        claim("one that fits is not", not list(page.findings()))
    claim("a survivor without an argument is a hole", page.kind("x", fault, {}) == "hole")
    with folder_of(f"[{name}] x\nEqual: a\n[{name}] x\nEqual: a\n"):
        try:
            records.arguments()
            claim("two arguments for one fault are refused", False)
        except records.Wrong:
            pass


def tests_of_a_line():
    tests = unit.Tests.__new__(unit.Tests)
    tests.killers = collections.Counter()
    tests.ran = {"test_all": (0.1, {"sched/x.c": [1, 2, 3], "sched/y.c": list(range(30))}),
                 "test_own": (0.1, {"sched/x.c": [1, 2], "sched/y.c": [1]}), "test_other": (0.1, {"sched/x.c": [3]})}
    claim("tests that run a line, the special ones first", tests.at("sched/x.c", 1, 2) == ["test_own", "test_all"])
    claim("tests that run a part of a statement", tests.at("sched/x.c", 2, 5) == ["test_other", "test_own", "test_all"])
    claim("a line that no test runs", tests.at("sched/x.c", 4, 9) == [])
    tests.killers["sched/y.c", "test_all"] = 2
    claim("a test that found faults of another file stays behind", tests.at("sched/x.c", 1, 1) == ["test_own", "test_all"])
    tests.killers["sched/x.c", "test_all"] = 1
    claim("one that found others of this file comes first", tests.at("sched/x.c", 1, 1) == ["test_all", "test_own"])
    claim("one whose name has a word of the statement comes before that",
          tests.at("sched/x.c", 1, 1, "fl_own_it(owns)") == ["test_own", "test_all"])
    tests.ran["test_slow"] = (9.0, {"sched/x.c": [1]})
    claim("a long one is tried only if the argument names it, and then first",
          "test_slow" not in tests.at("sched/x.c", 1, 1) and
          tests.at("sched/x.c", 1, 1, "", "tests/unit/test_slow.c fails with it.")[0] == "test_slow")
    with tempfile.TemporaryDirectory() as folder:
        verdicts = {}
        for name, code in (("passes", "exit 0"), ("fails", "exit 3"), ("hangs", "sleep 60")):
            program = pathlib.Path(folder) / name
            program.write_text(f"#!/bin/sh\n{code}\n")
            program.chmod(0o755)
            verdicts[name] = relink.run(program, name, 0.5)
        claim("a test passes that ends in time with 0", verdicts == {"passes": True, "fails": False, "hangs": False})


def lines_that_ran():
    lines = [{"line_number": number, "count": count} for number, count in ((3, 1), (5, 0), (6, 0), (9, 2), (6, 4))]
    claim("a line without code runs with the nearest line before it that has code", [*reach.ran_in(lines)] == [3, 4, 6, 7, 8, 9])
    claim("without lines none has run", not [*reach.ran_in([])])


def struck():
    text = "# head\n\n[a:x] 1\n[a:y] 2\nHole: both\nof them.\n\n[a:z] 3\nCost: time.\n"
    claim("an argument of two keeps the other", records.without(text, {"a:x"}) == text.replace("[a:x] 1\n", ""))
    claim("one that is nobody's goes", records.without(text, {"a:x", "a:y"}) == "# head\n\n[a:z] 3\nCost: time.\n")
    claim("the last one goes", records.without(text, {"a:z"}) == "# head\n\n[a:x] 1\n[a:y] 2\nHole: both\nof them.\n")
    claim("nothing else changes", records.without(text, {"b"}) == text)


class FakeBuild:
    def __init__(self, answer):
        self.answer = answer

    def fails(self, *_):
        return self.answer


def by_tests():
    lives = records.Verdict("delete", 1, "lives", "3 rows, 3 of them whole, 1 tests", (), "text")

    def verdict(*answers):
        return judge.ByTests([FakeBuild(answer) for answer in answers], 1).verdict(None, "", "", lives)
    claim("a test of the second build is named", verdict((None, 2), ("test_a asan", 1)) == ("tested test_a asan", ""))
    claim("a fault that still lives keeps its record", verdict((None, 2), (None, 4)) == ("lives", lives.remark))


if __name__ == "__main__":
    for test in (operators, names, recorded, tests_of_a_line, lines_that_ran, struck, by_tests):
        test()
    print(f"{len(failures)} failed")
    sys.exit(bool(failures))
