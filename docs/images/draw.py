#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Usage: draw.py FILCH FOLDER: draws the pictures of the documentation into FOLDER, with the colours of tools/shared/picture.css.

Those of the simulator and of the film are the ones that the commands on docs/lab/scale.md and docs/play.md print. The time line
has the times of a recorded run: `fib 26` of README.md on two cores, from `filch trace --format chrome`."""
import html
import subprocess
import sys
from pathlib import Path

STYLE = Path(__file__).resolve().parents[2] / "tools" / "shared" / "picture.css"
WIDTH, HEIGHT, TOP, STEP, LINES = 900, 540, 88, 44, (150, 450, 750)

# A step: the lifeline that it begins at, the one that it ends at (the same: it happens there), and its text.
LIVES = {
    "life-of-a-task.svg": ("The life of a forked task that is stolen", ("Owner", "Its fork stack", "Thief"), (
        (0, 1, "fork: arguments and task into a slot"),
        (2, 2, "finds no work of its own"),
        (2, 1, "asks: mailbox into request, limit to NULL"),
        (0, 0, "its next fork or join takes the slow path"),
        (0, 2, "gives its oldest task: first slot and number"),
        (2, 1, "no answer for 20 µs: robs the oldest slot"),
        (2, 2, "runs the task on a fiber of its own"),
        (0, 1, "join: sees that the slot was taken"),
        (0, 0, "not done: suspends; its worker runs another fiber"),
        (2, 0, "done: result into the slot, readies the owner"))),
    "life-of-a-job.svg": ("The life of a job in a pool with a queue", ("Submitter", "Pool", "Runner (a task)"), (
        (0, 1, "filch_pool_submit: checks, makes the job"),
        (0, 1, "accepted: under the lock, if there is room"),
        (0, 0, "no room: waits, or as config.full says"),
        (1, 1, "queued in its order: FIFO, LIFO, priority, deadline"),
        (1, 2, "rouses an idle runner, if the width allows"),
        (2, 1, "takes the first job: waiting - 1, running + 1"),
        (2, 2, "each attempt: permit, breaker, retry"),
        (2, 2, "runs the function within a panic boundary"),
        (2, 1, "ends: outcome, statistics, a place for the next"),
        (1, 0, "reports to done(), results, futures and waiters"))),
}
# Microseconds from the begin of the root: each piece of a task (worker, begin, length), and the steals from worker 0 by worker 1.
RUN = ((0, 0, 259.2), (1, 36.6, 160.1), (1, 198.8, 34.6), (1, 235.0, 16.3), (1, 252.6, 1.1), (1, 255.1, 1.4), (1, 258.1, 0.7))
STEALS = (35.1, 198.5, 234.8, 254.8, 257.8)
SIMULATED = {
    "scale-queues-sleep.svg": ("17", "1,4,16,64,256,1024", "--queue", "sleep"),
    "scale-queues-spin.svg": ("17", "1,4,16,64,256,1024", "--queue", "spin"),
    "scale-policies-spin.svg": ("14", "4,16,64,256", "--policy", "spin"),
}


def text(x, y, kind, number, words):
    bold = f'<tspan class="name step">{number}</tspan> ' if number else ""
    return f'<text x="{x}" y="{y}" class="{kind}">{bold}{html.escape(words)}</text>'


def step(number, begin, end, words):
    y = TOP + (number - 1) * STEP
    if begin != end:
        arrow = f'<path d="M{LINES[begin]} {y}H{LINES[end]}" marker-end="url(#a)"/>'
        return arrow + text((LINES[begin] + LINES[end]) // 2, y - 7, "middle over", number, words)
    beside = (LINES[begin] - 12, "end over") if begin == 2 else (LINES[begin] + 12, "over")
    return f'<rect x="{LINES[begin] - 4}" y="{y - 14}" width="8" height="20" class="step"/>' + text(beside[0], y + 1, beside[1], number, words)


def opening(title, height):
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">'
    yield f"<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->\n<title>{title}</title>\n<style>\n{STYLE.read_text()}</style>"
    yield ('<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
           '<path d="M0 0L8 4L0 8z"/></marker></defs>')
    yield f'<rect width="{WIDTH}" height="{height}" class="ground"/>'


def life(title, heads, steps):
    yield from opening(title, HEIGHT)
    for x, head in zip(LINES, heads):
        yield f'<path d="M{x} 42V{HEIGHT - 12}" class="life"/><rect x="{x - 100}" y="12" width="200" height="30" rx="5" class="box"/>'
        yield text(x, 32, "middle name", None, head)
    yield from (step(number, *one) for number, one in enumerate(steps, 1))
    yield "</svg>"


def timeline(title, height, left, scale):
    yield from opening(title, height)
    yield text(left, 24, "name", None, title)
    for at in range(0, 300, 50):
        x = left + at * scale
        yield f'<path d="M{x} 40V{height - 30}" class="grid"/>' + text(x, height - 12, "middle", None, f"{at} µs")
    for worker in (0, 1):
        yield text(12, 68 + 90 * worker, "name", None, f"worker {worker}")
    for worker, begin, length in RUN:
        yield f'<rect x="{left + begin * scale:.1f}" y="{48 + 90 * worker}" width="{length * scale:.1f}" height="32" class="box"/>'
    yield from (f'<path d="M{left + at * scale:.1f} 80V138" class="line c1" marker-end="url(#a)"/>' for at in STEALS)
    yield text(left + 8, 68, "", None, "runs the root, and the forks that nobody steals")
    yield text(left + STEALS[0] * scale + 10, 113, "c1", None, "steals the oldest fork: the largest part of the rest")
    yield text(left + RUN[1][1] * scale + 8, 158, "", None, "runs that fork; when it has ended, steals again")
    yield "</svg>"


def main(filch, folder):
    run = timeline(f"fib(26) on two workers: {len(STEALS)} steals in 0.26 ms", 210, 90, 3)
    (folder / "steals.svg").write_text("\n".join(run) + "\n", encoding="utf-8")
    for name, parts in LIVES.items():
        (folder / name).write_text("\n".join(life(*parts)) + "\n", encoding="utf-8")
    for name, (depth, workers, all_of, idle) in SIMULATED.items():
        subprocess.run([filch, "sim", f"tree:depth={depth},leaf=100000", "--machine", "package:4 l3:16 core:16", "--workers", workers,
                        all_of, "all", "--idle", idle, "--format", "svg", "--output", folder / name], check=True)
    subprocess.run([filch, "play", "fib", "4", "--workers", "2", "--seed", "2", "--svg", folder / "film.svg", "--steps", "3..8", "--columns", "3"], check=True)


main(sys.argv[1], Path(sys.argv[2]))
