# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_timeline.py CHROMIUM FILCH FOLDER: makes a trace with known figures, opens its page as people would, and says what
is wrong with it. Pictures of it go into FOLDER."""

import pathlib
import subprocess
import sys

import made_trace
from browser import Browser
from made_trace import OUTSIDE, SEARCHING, SLEEPING, WORKING

WIDE, NARROW = (1300, 1000), (360, 900)
TASK, BAD, WAIT, STEP = 1, 2, 3, 4
NAMES = ["sum_rows", "</script><script>window.bad = 1</script>", "filch_mutex_lock", "step"]
US = 1000
failures = []


def claim(text, true):
    if not true:
        failures.append(text)


def events():
    """Worker 0 runs sum_rows for 40 us, then a task with a bad name for 20; worker 1 steals 3 tasks, and runs one for 30."""
    yield 0, 0, "DOES", SEARCHING, 0
    yield 0, 10 * US, "SWITCH", 4, 0
    yield 0, 10 * US, "DOES", WORKING, 0
    yield 0, 10 * US, "JOB", 77, TASK
    yield 0, 20 * US, "MARK", STEP, 5
    yield 0, 30 * US, "SPAN", STEP, 4
    yield 0, 40 * US, "SPAN_END", 4, 0
    yield 0, 50 * US, "JOB_END", 4, 0
    yield 0, 50 * US, "JOB", 78, BAD
    yield 0, 70 * US, "JOB_END", 4, 0
    yield 0, 70 * US, "DOES", SLEEPING, 0
    yield 1, 0, "DOES", SEARCHING, 1
    yield 1, 19 * US, "GIFT", 0, 3
    yield 1, 20 * US, "SWITCH", 5, 0
    yield 1, 20 * US, "DOES", WORKING, 1
    yield 1, 20 * US, "TASK", 3, TASK
    yield 1, 50 * US, "TASK_END", 5, 0
    yield 1, 55 * US, "WAIT", 5, WAIT
    yield 1, 55 * US, "SWITCH", 6, 0
    yield 1, 55 * US, "DOES", SLEEPING, 1
    yield 1, 80 * US, "DOES", WORKING, 1
    yield 1, 80 * US, "SWITCH", 5, 0
    yield 1, 80 * US, "GO_ON", 5, 0
    yield OUTSIDE, 79 * US, "RESUME", 5, 0


def table(b, name):
    return b.value(f"[...document.querySelectorAll('#{name} tbody tr')].map(row => [...row.cells].map(c => c.textContent))")


def check_figures(b):
    claim("a name is no script", b.value("window.bad === undefined"))
    claim("the program is named", b.value("document.getElementById('program').textContent") == "made <program>")
    facts = b.value("document.getElementById('facts').textContent")
    claim(f"facts: {facts}", "2 workers, 100 us" in facts and "1 steals, 1 waits" in facts)
    claim("nothing is missing", b.value("document.getElementById('missing').hidden"))
    names = {row[0]: row[1:] for row in table(b, "names")}
    claim(f"tasks: {names}", names.get("sum_rows") == ["70 us", "2", "35 us"] and names.get(NAMES[1]) == ["20 us", "1", "20 us"])
    states = table(b, "states")
    claim(f"states: {states}", states[0] == ["worker 0", "60.0 %", "10.0 %", "30.0 %"])
    claim(f"waits: {table(b, 'calls')}", table(b, "calls") == [["filch_mutex_lock", "25 us", "1", "25 us"]])
    thefts = b.value("[...document.querySelectorAll('#thefts tr')].map(row => [...row.cells].map(c => c.textContent))")
    claim(f"thefts: {thefts}", thefts == [["thief \\ victim", "0", "1"], ["0", "", "0"], ["1", "3", ""]])
    lengths = b.value("document.getElementById('runtext').textContent")
    claim(f"lengths: {lengths}", lengths.startswith("sum_rows: 2 runs, 70 us in all"))


def check_use(b):
    chosen = b.value("(() => { const f = select(15000, 25000); return [f.steals.tasks, f.names.get(NAMES_FROM + 1).ns, "
                     "document.getElementById('of').textContent]; })()")
    claim(f"a selection: {chosen}", chosen[:2] == [3, 15000] and chosen[2].startswith("Selection: 10 us from 15 us on, 1 steals of 3"))
    b.value("onKey({key: 'Escape', target: document.body, preventDefault() {}})")
    claim("Escape ends it", b.value("picture.selection === null"))
    b.value("(() => { const f = document.getElementById('find'); f.value = 'SUM_'; f.oninput({target: f}); })()")
    found = b.value("document.getElementById('found').textContent")
    claim(f"the search: {found}", found == "2 parts, 70 us")
    b.value("show(0, 20000)")
    claim("the next one is shown in the middle", abs(b.value("go(1)") - 30000) < 6000 and b.value("view.from > 0"))
    b.value("document.getElementById('find').value = ''; find('')")
    b.value("document.getElementById('whole').click()")
    claim("the whole run", b.value("[view.from, view.to]") == [0, 100000])
    b.value("document.getElementById('in').click()")
    claim("zoomed in", b.value("view.to - view.from < 100000 && view.from > 0"))
    for key in ("ArrowLeft", "ArrowRight", "-", "0"):
        b.value("document.dispatchEvent(new KeyboardEvent('keydown', {key: '%s'}))" % key)
    claim("keys lead back to the whole run", b.value("[view.from, view.to]") == [0, 100000])
    b.value("zoom(1e-9)")
    claim("the picture has a least length", b.value("view.to - view.from") == b.value("LEAST"))
    b.value("show(0, trace.length)")
    words = b.value("[partAt(15000, 0), partAt(5000, 1), waitingAt(60000), waitingAt(90000)]")
    claim(f"under the pointer: {words}", words == ["worker 0: sum_rows, 40 us from 10 us on", "worker 1: searches, 20 us from 0 ns on",
                                                   "waiting: 1 in filch_mutex_lock", "nothing waits"])


def check_looks(b, folder):
    for name, size, scheme, medium in (("wide", WIDE, "light", "screen"), ("dark", WIDE, "dark", "screen"),
                                       ("narrow", NARROW, "light", "screen"), ("paper", (900, 1200), "light", "print")):
        b.look(*size, scheme, medium)
        claim(f"{name}: it is not wider than the window", b.value("document.documentElement.scrollWidth <= innerWidth"))
        colour = b.value("[...lanesCanvas.getContext('2d').getImageData(LABEL + .25 * (lanesCanvas.width - LABEL), laneTop(0) + 4, 1, 1).data]")
        claim(f"{name}: sum_rows has its colour, not {colour}", colour[2] > 150 and colour[0] < 100)
        b.picture(folder / f"timeline_{name}.png")


def main():
    chromium, filch, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    made_trace.write("made.trace", 2, 100 * US, NAMES, sorted(events(), key=lambda e: (e[0], e[1])))
    subprocess.run([filch, "trace", "--format", "html", "--output", "made.html", "made.trace"], check=True)
    with Browser(chromium) as b:
        b.look(*WIDE)
        b.open(pathlib.Path("made.html").resolve().as_uri())
        check_figures(b)
        check_use(b)
        check_looks(b, folder)
        claim(f"nothing is fetched: {b.requests()}", len(b.requests()) == 1)
        complaints = [each for each in b.complaints() if "getImageData" not in str(each)]  # that of this test
        claim(f"no complaint: {complaints}", not complaints)
    for failure in failures:
        print("not so:", failure)
    return bool(failures)


sys.exit(main())
