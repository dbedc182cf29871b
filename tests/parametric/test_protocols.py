#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The protocols of this folder are proven by Z3 for any number of workers; each mutant breaks the claim named beside it; and
their steps carry the labels of the sources, all of them.

  test_protocols.py [NAME]      one protocol: prints its claims and their verdicts"""
import re
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import protocol as protocols  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAMES = ("idle", "park", "forkstack")

# protocol | fault | what stands there | in its place | a part of the claim that breaks
MUTANTS = [
    ("idle", "a claim is refused although nobody searches", "pub > 0 and Q > 0 ->", "pub > 0 ->", "work is watched"),
    ("idle", "a push relies on a napper without NAPPING", "pub > 0 and napping == 1 ->", "pub > 0 ->", "work is watched"),
    ("idle", "a claim counts no searcher", "S -= 1; Q += 1; M += 1", "S -= 1; M += 1", "I counts searchers"),
    ("idle", "a claim keeps the sleeper", "S -= 1; Q += 1; M += 1", "Q += 1; M += 1", "I counts sleepers"),
    ("idle", "a claim makes no token", "M > 0 -> M -= 1; T += 1", "M > 0 -> M -= 1", "I counts searchers"),
    ("idle", "a fork of a poked owner wakes nobody", "armed += 1; W += 1; pub += 1", "armed += 1; W += 1", "is watched"),
    ("idle", "a push wakes nobody", "True -> W += 1; pub += 1", "True -> W += 1", "work is watched"),
    ("idle", "the last searcher that finds work does not look", "fresh > 0 and W > 0 and (Q > 1 or S == 0) ->",
     "fresh > 0 and W > 0 ->", "is watched"),
    ("idle", "it looks, and wakes nobody", "foundlook > 0 and W == 0 ->", "foundlook > 0 ->", "work is watched"),
    ("idle", "it pokes some owners", "found > 0 and (stale == 0 or found + poking > 1) ->", "found > 0 ->", "a poker pokes"),
    ("idle", "the last to sleep looks nowhere", "old > 0 and Q > 1 ->", "old > 0 ->", "is watched"),
    ("idle", "it pokes some owners", "poking > 0 and (stale == 0 or found + poking > 1) ->", "poking > 0 ->", "a poker pokes"),
    ("idle", "it sleeps although it has seen work", "looking > 0 and W == 0 ->", "looking > 0 ->", "work is watched"),
    ("idle", "it does not retract", "seen > 0 and S == 0 ->", "seen > 0 ->", "work is watched"),
    ("idle", "retracting counts no searcher", "seen -= 1; S -= 1; Q += 1; fresh", "seen -= 1; S -= 1; fresh", "I counts searchers"),
    ("idle", "a token is not taken away", "asleep -= 1; T -= 1; fresh += 1", "asleep -= 1; fresh += 1", "I counts"),
    ("idle", "no sleeper takes tokens", "asleep > 0 and T > 0 ->", "asleep > 0 and T > 1 ->", "at rest"),
    ("idle", "a nap has no end", "nap > 0 and S > 0 ->", "nap > 0 and S > 1 ->", "at rest"),
    ("idle", "NAPPING stays", "woke -= 1; fresh += 1; napping = 0", "woke -= 1; fresh += 1", "NAPPING is taken back"),
    ("idle", "a retiring worker wakes nobody", "retired += 1; pub += 1", "retired += 1", "is watched"),
    ("idle", "a returning worker stays counted", "retired -= 1; R -= 1;", "retired -= 1;", "the retired"),
    ("idle", "a fiber arrives unpoked", "switched > 0 and S == 0 ->", "switched > 0 ->", "forks that pass"),
    ("idle", "a search goes round forever", "seen -= 1; S -= 1; Q += 1; fresh += 1", "seen -= 1; S -= 1; Q += 1; old += 1",
     "comes nearer to rest"),
    ("idle", "a lent worker counts as asleep", "asleep -= 1; S -= 1; switched += 1", "asleep -= 1; switched += 1",
     "I counts sleepers"),
    ("idle", "a guest does not search when it returns", "returns it, armed: armed > 0 -> armed -= 1; old += 1; Q += 1",
     "returns it, armed: armed > 0 -> armed -= 1; asleep += 1; S += 1", "is watched"),
    ("park", "nobody is unparked", "T += 1; scan += 1; ready", "T += 1; ready", "a token is watched"),
    ("park", "a scan misses a word", "(ready + marked + gotold + backold == 0 or scan > 1)", "scan > 0", "a token is watched"),
    ("park", "no look after ParkSleeper", "parked > 0 and T == 0 ->", "parked > 0 ->", "has seen no token"),
    ("park", "no look for another token", "checks > 0 and T == 0 ->", "checks > 0 ->", "a token is watched"),
    ("park", "a look that unparks nobody", "away += 1; scan += 1;", "away += 1;", "a token is watched"),
    ("park", "a worker that leaves does not look", "holds > 0 and T > 0 -> holds -= 1; T -= 1; checks += 1",
     "holds > 0 and T > 0 -> holds -= 1; T -= 1; away += 1", "a token is watched"),
    ("park", "an unneeded wake-up is dropped", "woken > 0 -> woken -= 1; holds += 1", "woken > 0 -> woken -= 1; away += 1",
     "a token is watched"),
    ("park", "a guest that returns does not look for tokens", "back > 0 and T == 0 ->", "back > 0 ->", "has seen no token"),
    ("park", "a guest that sees a token unparks nobody", "back > 0 and T > 0 -> scan += 1;", "back > 0 and T > 0 ->",
     "a token is watched"),
    ("park", "a guest takes an unparked worker", "step CountBorrowed a sleeper is left: tried > 0 -> tried -= 1;",
     "step BorrowWorker borrow one that is unparked: woken > 0 -> woken -= 1; tried += 1\nstep CountBorrowed a sleeper is left: tried > 0 -> tried -= 1;",
     "a token is watched"),
    ("forkstack", "settling keeps the tag", "bottom -= 1; kept += 1; late += looked + marked; looked = 0; marked = 0", "bottom -= 1; kept += 1",
     "thieves see tasks"),
    ("forkstack", "taking back keeps the tag", "returned += 1; late += looked + marked; looked = 0; marked = 0",
     "returned += 1; looked += late; late = 0",
     "thieves see tasks"),
    ("forkstack", "giving does not change top", "top += 1; taken += 1; late += looked + marked; looked = 0; marked = 0\nstep TakeRequest AnswerRequest give half",
     "top += 1; taken += 1\nstep TakeRequest AnswerRequest give half", "thieves see tasks"),
    ("forkstack", "two thieves win one task", "late += looked + marked - 1; looked = 0; marked = 0", "looked -= 1", "thieves see tasks"),
    ("forkstack", "a thief sees a task that was erased", "marked > 0 and top < bottom - joining - slow ->",
     "marked > 0 and top <= bottom - joining - slow ->", "thieves see tasks"),
    ("forkstack", "a join takes a task that thieves may take", "joining == 1 and asked == 0 and top < bottom ->",
     "joining == 1 and top < bottom ->", "thieves see tasks"),
    ("forkstack", "a thief announces itself to nobody", "marked += 1; asked = 1", "marked += 1", "is announced"),
    ("forkstack", "heeding keeps the tag", "asked = 0; late += looked + marked; looked = 0; marked = 0", "asked = 0",
     "is announced"),
    ("forkstack", "settling loses the task", "slow == 1 and top == bottom -> slow = 0; lost = 1",
     "slow == 1 -> slow = 0; lost = 1", "a lost task"),
]

# protocols | file whose head lists labels | those of them that have to be steps
TIES = [
    (("idle", "park"), "sched/idle.h", r"(?!ReadLimit)\w+"),
    (("idle", "park"), "runtime/engine/guest.h", "BorrowWorker|ReturnWorker"),
    (("park",), "runtime/engine/park.c", "ParkSleeper|UnparkSleeper|LeavePark"),
    (("forkstack",), "sched/forkstack.h", "TakeRequest|AnswerRequest|RearmLimit|ReadResult|MarkAsked|RobberFence|RobTop|RetakeTop|JoinerFence"),
    (("forkstack",), "include/filch/fork.h", "PublishTask|ReadLimit|EraseTask|ReadTop"),
]
ELSEWHERE = {"ReadCurrent": "runtime/engine/suspend.c"}  # a step of a protocol, told there


def text_of(name):
    return (HERE / f"{name}.protocol").read_text(encoding="utf-8")


def head_labels(file):
    """Those at the begin of a line, or behind a bar or an arrow, of the file's first comment."""
    head = (ROOT / file).read_text(encoding="utf-8").partition("*/")[0]
    return set(re.findall(r"(?:^ \*   |-> |<- |\|  )((?:[A-Z][a-z]+){2,})(?=[ ,:])", head, re.M))


def untied():
    used = {name: protocols.Protocol(text_of(name)).labels() for name in NAMES}
    told = set()
    for names, file, pattern in TIES:
        labels = head_labels(file)
        told |= labels
        wanted = {label for label in labels if re.fullmatch(pattern, label)}
        for label in sorted(wanted - set().union(*(used[name] for name in names))):
            yield f"{label} of {file} is no step of {' or '.join(names)}.protocol"
    for name, labels in used.items():
        for label in sorted(labels - told - set(ELSEWHERE)):
            yield f"{name}.protocol: no source tells of {label}"


def dead(name, fault, old, new, claim):
    text = text_of(name)
    if text.count(old) < 1:
        return f"{name}: {fault}: the protocol has no '{old}'"
    changed = protocols.Protocol(text.replace(old, new, 1))
    if protocols.broken(changed, claim):
        return None
    broken = protocols.broken(changed)
    return f"{name}: {fault}: breaks {broken[0]}, not: {claim}" if broken else f"{name}: {fault}: SURVIVES"


def show(name):
    solver = protocols.Solver(protocols.Protocol(text_of(name)))
    for claim, verdict in protocols.answers(solver.queries()):
        print(f"{'holds' if verdict == 'unsat' else 'FAILS'}: {claim}")


def main():
    if not shutil.which("z3"):
        print("z3 not found: the protocols are not proven (install the package z3)")
        return 77
    if sys.argv[1:]:
        return show(sys.argv[1])
    failures = list(untied())
    claims = 0
    for name in NAMES:
        protocol = protocols.Protocol(text_of(name))
        claims += len(list(protocols.Solver(protocol).queries()))
        failures += [f"{name}: does not hold: {claim}" for claim in protocols.broken(protocol)]
    failures += [failure for failure in (dead(*mutant) for mutant in MUTANTS) if failure]
    print("\n".join(failures) or f"{claims} claims on {len(NAMES)} protocols hold; {len(MUTANTS)} mutants break them")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
