#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bar: the page of a trace with 10^6 events: seconds to write it, and to open it in a headless Chromium; pictures a second while it
is panned. trace_page.py FILCH [--repeat N]"""

import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tool"))
import made_trace  # noqa: E402
from browser import Browser  # noqa: E402

EVENTS, WORKERS, PICTURES = 1_000_000, 8, 120
PAN = """new Promise(done => {
    let left = %d, from = performance.now();
    show(trace.length * .2, trace.length * .45);
    const next = () => {
        if (!left--) return done(%d * 1000 / (performance.now() - from));
        move(.005);
        drawNow();
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
})""" % (PICTURES, PICTURES)


def events():
    """Tasks of 1 us to 8 us in turn, with a theft before each tenth; each worker's times ascend."""
    for worker in range(WORKERS):
        yield worker, 0, "SWITCH", worker + 1, 0
        yield worker, 0, "DOES", made_trace.WORKING, worker
        now = 10 * worker
        for i in range(EVENTS // WORKERS // 2 - 8):
            if i % 10 == 0:
                yield worker, now, "GIFT", (worker + 1 + i // 10 % (WORKERS - 1)) % WORKERS, 1
            yield worker, now, "TASK", 1, 1 + (i * 7 + worker) % 5
            now += 1000 * (1 + (i * 31 + worker) % 8)
            yield worker, now, "TASK_END", worker + 1, 0
            now += 100


def judge(what, figures, bound, value):
    middle = statistics.median(figures)
    reached = middle <= value if bound == "<=" else middle >= value
    print("%-58s %9.3f  %8.3f .. %-9.3f %-9s %s" % (what, middle, min(figures), max(figures), f"{bound} {value:g}",
                                                   "reached" if reached else "MISSED"), flush=True)
    return reached


def measure(filch, chromium, folder, repeat):
    trace, page = folder / "run.trace", folder / "run.html"
    made_trace.write(trace, WORKERS, 320_000_000, ["read", "sort", "merge", "hash", "write"], events())
    writes, opens, rates = [], [], []
    for _ in range(repeat):
        begun = time.monotonic()
        subprocess.run([filch, "trace", "--format", "html", "--output", page, trace], check=True)
        writes.append(time.monotonic() - begun)
        with Browser(chromium) as b:
            b.look(1300, 1000)
            begun = time.monotonic()
            b.open(page.as_uri())
            b.value("document.documentElement.dataset.ready")
            opens.append(time.monotonic() - begun)
            rates.append(b.value(PAN))
    reached = [judge("trace: s to write the page of 10^6 events", writes, "<=", 1),
               judge("trace: s to open it", opens, "<=", 2),
               judge("trace: pictures a second while it is panned", rates, ">=", 30)]
    return all(reached)


def main():
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    repeat = int(sys.argv[sys.argv.index("--repeat") + 1]) if "--repeat" in sys.argv else 5
    if len(sys.argv) < 2 or not chromium:
        sys.exit("usage: trace_page.py FILCH [--repeat N]; it needs Chromium (Debian: chromium)")
    with tempfile.TemporaryDirectory() as folder:
        return not measure(sys.argv[1], chromium, pathlib.Path(folder), repeat)


sys.exit(main())
