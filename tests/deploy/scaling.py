# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hand-computed numbers of pods: first of the rules in scaling_rules.py, then of the files in DEPLOY."""
import sys
from pathlib import Path

import live
import scaling_files
from scaling_rules import NONE, SMALLEST, SYNC, Autoscaler, Behavior, Keda, Policy, wanted_for_average, wanted_for_mean

# function | arguments | pods
FORMULAS = (
    (wanted_for_average, (1, 100, 20), 5),
    (wanted_for_average, (1, 101, 20), 6),
    (wanted_for_average, (5, 109, 20), 5),  # 9 % too many: tolerated
    (wanted_for_average, (5, 111, 20), 6),
    (wanted_for_average, (5, 91, 20), 5),  # 9 % too few
    (wanted_for_average, (5, 60, 20), 3),
    (wanted_for_average, (3, 0, 20), 0),
    (wanted_for_mean, (4, 140, 70), 8),
    (wanted_for_mean, (4, 76, 70), 4),
    (wanted_for_mean, (4, 78, 70), 5),
    (wanted_for_mean, (4, 35, 70), 2),
)

NO_WINDOW = Behavior(0, "Max", (Policy(True, 100, 15),))
TEN_PODS = Policy(False, 10, 60)
HALF = Policy(True, 50, 60)

# text | up | down | pods at the start | wanted at each sync of 15 s, or a list of several metrics' | pods after it
HISTORIES = (
    ("twice as many or 4 more, the larger", Behavior(0, "Max", (Policy(True, 100, 15), Policy(False, 4, 15))), NO_WINDOW, 1,
     (40, 40, 40, 40), (5, 10, 20, 40)),
    ("the smaller change", Behavior(0, SMALLEST, (Policy(True, 100, 15), Policy(False, 4, 15))), NO_WINDOW, 3,
     (40, 40, 40), (6, 10, 14)),
    ("4 pods in 60 s", Behavior(0, "Max", (Policy(False, 4, 60),)), NO_WINDOW, 1, (9,) * 6, (5, 5, 5, 5, 9, 9)),
    ("half in 60 s", NO_WINDOW, Behavior(0, "Max", (HALF,)), 9, (1,) * 9, (4, 4, 4, 4, 2, 2, 2, 2, 1)),
    ("10 pods or half, the smaller change", NO_WINDOW, Behavior(0, SMALLEST, (HALF, TEN_PODS)), 40, (1,) * 5,
     (30, 30, 30, 30, 20)),
    ("the largest of 60 s", NO_WINDOW, Behavior(60, "Max", (Policy(True, 100, 15),)), 8, (8, 2, 5, 2, 2, 2, 2),
     (8, 8, 8, 8, 5, 5, 2)),
    ("the smallest of 30 s upwards", Behavior(30, "Max", (Policy(True, 100, 15),)), NO_WINDOW, 4, (4, 8, 8, 8), (4, 4, 8, 8)),
    ("never fewer", NO_WINDOW, Behavior(0, NONE, ()), 8, (1, 1), (8, 8)),
    ("bounds", NO_WINDOW, NO_WINDOW, 30, (90, 90, 0), (50, 50, 2)),
    ("the largest metric", NO_WINDOW, NO_WINDOW, 4, ([3, 7, 5],), (7,)),
)

# A ScaledObject: 0 to 9 pods, polled every 30 s, cooldown 60 s, 20 messages for each; the HPA follows at once.
# text | length of the queue at each sync of 15 s | pods after it
POLLS = (
    ("idle", (0, 0, 0), (0, 0, 0)),
    ("one pod for one message", (1, 1, 1), (1, 1, 1)),
    ("seen at the next poll only", (0, 50, 50, 50), (0, 0, 2, 3)),
    ("to none after the cooldown", (50, 50, 0, 0, 0, 0, 0, 0, 0), (2, 3, 1, 1, 1, 1, 0, 0, 0)),
    ("a message begins the cooldown anew", (9, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0), (1,) * 10 + (0,)),
    ("no more than the bound", (500,) * 5, (2, 4, 8, 9, 9)),
)

# overlay | messages at each sync | pods after it, from the smallest number on
FILES = (
    ("hpa", (150, 0, 0), (5, 5, 5)),  # an empty sample ends no worker
    ("hpa", (240, 240, 0) + (0,) * 18 + (0,), (7, 8, 8) + (8,) * 18 + (4,)),
    ("hpa", (3000,) * 6, (7, 14, 28, 50, 50, 50)),
    ("keda", (100, 100, 0, 0), (5, 5, 5, 5)),
    ("keda", (40, 40) + (0,) * 21, (2, 2) + (2,) * 19 + (1, 0)),  # the window ends after 300 s, the cooldown at 330 s
    ("keda", (5000,) * 7, (5, 10, 20, 40, 80, 100, 100)),
    ("keda-kafka", (100, 100), (2, 2)),
    ("keda-sqs", (150, 150), (5, 5)),
)


def played(decide, pods, steps):
    numbers = []
    for at, step in enumerate(steps):
        pods = decide(at * SYNC, pods, step)
        numbers.append(pods)
    return tuple(numbers)


def check_rules(findings):
    for formula, arguments, pods in FORMULAS:
        found = formula(*arguments)
        findings.claim(found == pods, f"{formula.__name__}{arguments} is {pods}, not {found}")
    for text, up, down, start, wanted, pods in HISTORIES:
        hpa = Autoscaler(2 if text == "bounds" else 1, 50, up, down)
        found = played(hpa.decide, start, [one if isinstance(one, list) else [one] for one in wanted])
        findings.claim(found == pods, f"{text}: {wanted} gives {pods}, not {found}")
    for text, lengths, pods in POLLS:
        found = played(Keda(0, 9, 30, 60, 20, Autoscaler(1, 9, NO_WINDOW, NO_WINDOW)).decide, 0, lengths)
        findings.claim(found == pods, f"{text}: {lengths} gives {pods}, not {found}")


def check_files(findings, deploy):
    for overlay, lengths, pods in FILES:
        try:
            scaler = scaling_files.read(deploy, overlay)
        except scaling_files.Wrong as wrong:
            findings.claim(False, f"{overlay}: {wrong}")
            continue
        found = played(scaler.decide, scaler.least, lengths)
        findings.claim(found == pods, f"{overlay}: {lengths} messages give {pods} pods, not {found}")


def main(deploy):
    findings = live.Findings()
    check_rules(findings)
    check_files(findings, deploy)
    findings.end(f"{len(FORMULAS) + len(HISTORIES) + len(POLLS)} cases of the rules, {len(FILES)} of the files")


main(Path(sys.argv[1]))
