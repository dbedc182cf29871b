# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_film.py CHROMIUM FILCH FOLDER: makes a trace whose steps are known, opens its page and its strip as people would, and
says what is wrong with them. Pictures go into FOLDER."""

import pathlib
import re
import subprocess
import sys

import made_trace
from browser import Browser

WIDE, NARROW = (1300, 900), (360, 800)
ROOT, TASK, BAD = 1, 2, 3
NAMES = ["root", "task", "</script><script>window.bad = 1</script>"]
STEPS, STEAL, NEXT_STEAL = 15, 4, 12
failures = []


def claim(text, true):
    if not true:
        failures.append(text)


def events():
    """Worker 0 forks two tasks; worker 1 takes the first one, for which worker 0 then waits; worker 0 takes root back when it is ready."""
    yield 0, 10, "SWITCH", 4, 0
    yield 0, 20, "JOB", 77, ROOT
    yield 0, 30, "FORK", 500, TASK
    yield 0, 31, "FORK", 501, BAD
    yield 1, 32, "SWITCH", 5, 0
    yield 1, 33, "GIFT", 0, 1
    yield 1, 40, "RUN", 500, TASK
    yield 0, 50, "RUN", 501, BAD
    yield 0, 60, "RUN_END", 501, 1
    yield 0, 70, "JOIN", 500, 0
    yield 0, 71, "WAIT", 4, 0
    yield 0, 71, "SWITCH", 0, 0
    yield 1, 80, "RUN_END", 500, 0
    yield 1, 81, "RESUME", 4, 0
    yield 0, 90, "SWITCH", 4, 0
    yield 0, 91, "GO_ON", 4, 0
    yield 0, 92, "JOINED", 500, 0
    yield 0, 99, "JOB_END", 4, 0


def shown(b):
    return b.value("[...document.querySelectorAll('figure')].filter(f => getComputedStyle(f).display !== 'none').map(number)")


def press(b, *keys):
    for key in keys:
        b.value("document.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true, cancelable: true}))" % key)


def check_steps(b):
    claim("a name is no script", b.value("window.bad === undefined"))
    claim("the film is named", b.value("document.querySelector('h1').textContent.trim()") == "film.trace")
    claim(f"all steps are there, and one is shown: {shown(b)}", b.value("figures.length") == STEPS and shown(b) == [1])
    steps = ((["ArrowRight"], 2), (["n", "n"], 4), (["ArrowLeft", "p"], 2), (["/"], STEAL), (["f"], NEXT_STEAL), (["f"], NEXT_STEAL),
             (["End"], STEPS), (["n"], STEPS), (["Home"], 1), (["p"], 1))
    for keys, step in steps:
        press(b, *keys)
        claim(f"{keys} lead to step {step}: {shown(b)}", shown(b) == [step])
    for button, step in (("next", 2), ("last", STEPS), ("back", STEPS - 1), ("first", 1), ("steal", STEAL)):
        b.value(f"document.getElementById('{button}').click()")
        claim(f"{button} leads to step {step}: {shown(b)}", shown(b) == [step])
    b.value("place.value = 7; place.oninput()")
    claim(f"the slider leads to step 7: {shown(b)}", shown(b) == [7])
    claim("the count", b.value("document.getElementById('count').textContent") == f"step 7 of {STEPS}")
    press(b, "End", " ")
    b.value("new Promise(done => setTimeout(done, BETWEEN + 100))")
    claim("the end does not play on", b.value("document.getElementById('play').getAttribute('aria-pressed')") == "false")
    press(b, "a")
    claim("all steps are shown", shown(b) == list(range(1, STEPS + 1)))
    press(b, "a", "Home")
    claim("and one again", shown(b) == [1])


def check_frame(b):
    """The step of the theft."""
    b.value(f"go({STEAL - 1})")
    sentence = b.value("document.querySelector('.current figcaption').textContent")
    claim(f"the sentence: {sentence}", sentence.endswith("worker 1 takes task from worker 0, the oldest task there"))
    labels = b.value("[...document.querySelectorAll('.current .label')].map(e => e.textContent)")
    claim(f"labels: {labels}", sorted(labels) == sorted(["worker 0", "worker 1", "</script><s..", "root", "task"]))
    claim("an arrow", b.value("document.querySelectorAll('.current .theft').length") == 1)
    claim("the task stands out", b.value("document.querySelectorAll('.current .now').length") == 1)
    b.value("go(10)")
    text = b.value("document.querySelector('.current svg').textContent")
    claim(f"root is ready, and the task is done: {text}", "done: task" in text and "waiting" not in text)
    claim("a ready task has a place in the deque", b.value("document.querySelectorAll('.current .ready').length") == 1)
    b.value(f"go({STEAL - 1})")


def check_looks(b, folder):
    for name, size, scheme, medium in (("wide", WIDE, "light", "screen"), ("dark", WIDE, "dark", "screen"),
                                       ("narrow", NARROW, "light", "screen"), ("paper", (800, 1100), "dark", "print")):
        b.look(*size, scheme, medium)
        claim(f"{name}: it is not wider than the window", b.value("document.documentElement.scrollWidth <= innerWidth"))
        colours = b.value("[getComputedStyle(document.documentElement).backgroundColor, "
                          "getComputedStyle(document.querySelector('svg text')).fill]")
        ground, text = (sum(int(part) for part in re.findall(r"[0-9]+", colour)[:3]) for colour in colours)
        claim(f"{name}: {colours[1]} on {colours[0]}", abs(ground - text) > 400 and (ground < text) == (name == "dark"))
        claim(f"{name}: the steps shown are {shown(b)}", shown(b) == (list(range(1, STEPS + 1)) if medium == "print" else [STEAL]))
        b.picture(folder / f"film_{name}.png")
    b.look(*WIDE)
    press(b, "a")
    b.picture(folder / "film_all.png")


def check_strip(b, folder):
    b.open(pathlib.Path("film.svg").resolve().as_uri())
    b.look(*WIDE)
    inside = b.value("""[...document.querySelectorAll('text')].every(text => {
        const box = text.getBoundingClientRect(), all = document.documentElement.getBoundingClientRect();
        return box.left >= all.left && box.right <= all.right && box.bottom <= all.bottom; })""")
    claim("each text of the strip is in the picture", inside)
    labels = b.value("""[...document.querySelectorAll('rect.cell')].every(cell => {
        const next = cell.nextElementSibling;
        return next.tagName !== 'text' || !next.classList.contains('label')
            || next.getBoundingClientRect().width <= cell.getBoundingClientRect().width; })""")
    claim("each label fits into its cell", labels)
    b.picture(folder / "film_strip.png")


def main():
    chromium, filch, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    made_trace.write("film.trace", 2, 1000, NAMES, sorted(events(), key=lambda e: (e[0], e[1])), level=1)
    subprocess.run([filch, "play", "film.trace", "--html", "film.html"], check=True)
    subprocess.run([filch, "play", "film.trace", "--svg", "film.svg"], check=True)
    with Browser(chromium) as b:
        b.look(*WIDE)
        b.open(pathlib.Path("film.html").resolve().as_uri())
        check_steps(b)
        check_frame(b)
        check_looks(b, folder)
        claim(f"nothing is fetched: {b.requests()}", len([url for url in b.requests() if not url.startswith("data:")]) == 1)
        check_strip(b, folder)
        claim(f"no complaint: {b.complaints()}", not b.complaints())
    for failure in failures:
        print("not so:", failure)
    return bool(failures)


sys.exit(main())
