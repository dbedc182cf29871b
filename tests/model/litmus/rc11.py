# SPDX-License-Identifier: MIT OR Apache-2.0
"""The outcomes that RC11 allows a litmus program: all candidate executions, judged by the axioms as they stand.

A candidate is a choice of rf (the write that each read reads) and mo (the order of the writes to each word). The axioms are
those of Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing sequential consistency in C/C++11, PLDI 2017, with the release
sequences of C++20. `changed` names parts to leave out, so that a test can show that each part matters, or other changes.

The asymmetric fences follow the kernel's rule for membarrier(2). The call is a seq_cst fence at its begin and at its end, and
each other thread executes one in between. That fence has an order only against what a compiler barrier separates from it: a
light fence, a seq_cst fence, or a membarrier call of that thread.
"""
import dataclasses
import functools
import itertools

from relations import acyclic, common, compose, irreflexive, optional, pairs, plus, union

ACQUIRES, RELEASES = ("acquire", "acq_rel", "seq_cst"), ("release", "acq_rel", "seq_cst")
BARRIERS = ("light", "heavy", "fence seq_cst")  # the compiler moves no access across them


@dataclasses.dataclass(frozen=True)
class Event:
    kind: str  # R, W or F
    thread: int  # -1: before all threads
    order: str = "relaxed"
    word: str = None
    operation: object = None
    segment: int = 0  # how many barriers come before it in its thread


# ---- Candidates ----

class Skeleton:
    """The events of a program in which these CASes succeed, and the fences of membarrier have these places."""

    def __init__(self, program, succeeds, places, barriers):
        self.program, self.barriers = program, barriers
        self.events = [Event("W", -1, word=word) for word in program.words()]
        self.rmw_pairs, self.calls = [], []  # (read, write); (thread, first fence, last fence)
        for thread, operations in enumerate(program.threads):
            segment = 0
            for operation in operations:
                self.add(operation, thread, segment, succeeds)
                segment += operation in barriers
        self.call_pairs = []
        for (caller, other), place in places.items():
            thread, first, last = self.calls[caller]
            self.call_pairs += [(first, len(self.events)), (len(self.events), last)]
            self.events.append(Event("F", other, "seq_cst", None, "reached", place))
        self.finish()

    def add(self, operation, thread, segment, succeeds):
        def put(kind, order):
            self.events.append(Event(kind, thread, order, operation.word, operation, segment))
            return len(self.events) - 1
        kind = operation.kind
        if kind in ("store", "load", "fence"):
            put({"store": "W", "load": "R", "fence": "F"}[kind], operation.order)
        elif kind == "heavy":
            self.calls.append((thread, put("F", "seq_cst"), put("F", "seq_cst")))
        elif kind == "rmw" and succeeds.get(id(operation), True):
            self.rmw_pairs.append((put("R", operation.order), put("W", operation.order)))
        elif kind == "rmw":
            put("R", "relaxed")  # a CAS that fails

    def finish(self):
        events, size = self.events, len(self.events)
        self.reads = [i for i in range(size) if events[i].kind == "R"]
        self.writes = [i for i in range(size) if events[i].kind == "W"]
        self.sb = [sum(1 << b for b in range(size) if self.before(a, b)) for a in range(size)]
        self.rmw = pairs(size, self.rmw_pairs)
        self.membarrier = pairs(size, self.call_pairs)
        self.write_of = dict(self.rmw_pairs)
        self.write, self.read, self.fence = self.only("W"), self.only("R"), self.only("F")
        self.release, self.acquire = self.only("WF", RELEASES), self.only("RF", ACQUIRES)
        self.sc, self.sc_fence = self.only("RWF", ("seq_cst",)), self.only("F", ("seq_cst",))
        self.same_word = [sum(1 << b for b in range(size) if word is not None and events[b].word == word)
                          for word in (event.word for event in events)]
        self.sb_other_word = [row & ~same for row, same in zip(self.sb, self.same_word)]

    def only(self, kinds, orders=None):
        """[A]: the identity on the events of these kinds and orders."""
        return [1 << at if event.kind in kinds and (not orders or event.order in orders) else 0 for at, event in enumerate(self.events)]

    def before(self, a, b):
        first, second = self.events[a], self.events[b]
        if first.thread != second.thread:
            return first.thread == -1
        if first.thread == -1 or a == b:
            return False
        reached = (first.operation == "reached", second.operation == "reached")
        if not any(reached):
            return a < b
        if all(reached):
            return first.segment < second.segment
        fence, other = (first, second) if reached[0] else (second, first)
        if fence.segment == other.segment and other.operation in self.barriers:
            return reached[0]  # the barrier ends the fence's segment
        return first.segment < second.segment

    def sources(self, read):
        return [write for write in self.writes if self.events[write].word == self.events[read].word and
                self.write_of.get(read) != write]

    @functools.cached_property
    def modification_orders(self):
        """[(orders, mo)]: all choices of an order for each word; the first write is that before all threads."""
        by_word = []
        for word in self.program.words():
            first, *rest = [write for write in self.writes if self.events[write].word == word]
            by_word.append([(first,) + order for order in itertools.permutations(rest)])
        return [(orders, pairs(len(self.events), [pair for order in orders for pair in itertools.combinations(order, 2)]))
                for orders in itertools.product(*by_word)]

    @functools.cached_property
    def candidates(self):
        """[(rf, [(mo, outcome)])]: an outcome is the digits of the registers in order, then those of the last values."""
        choices = (dict(zip(self.reads, sources)) for sources in itertools.product(*map(self.sources, self.reads)))
        return [(rf, [(mo, self.outcome(orders, *known)) for orders, mo in self.modification_orders])
                for rf in choices for known in [values_of(self, rf)] if known is not None]

    def outcome(self, orders, value, registers):
        last = {self.events[order[0]].word: value[order[-1]] for order in orders}
        return "".join(str(registers[register]) for register in self.program.registers()) + \
            "".join(str(last[word]) for word in self.program.finals)


def barriers_of(program, changed):
    if "no compiler" in changed:
        return program.operations()
    return [operation for operation in program.operations()
            if operation.kind in BARRIERS or f"{operation.kind} {operation.order}" in BARRIERS]


@functools.cache
def skeletons(program, changed):
    found, barriers = [], barriers_of(program, changed)
    cases = [operation for operation in program.operations() if operation.change == "cas"]
    heavy = [thread for thread, operations in enumerate(program.threads)
             for operation in operations if operation.kind == "heavy"]
    reached = [(call, other) for call, caller in enumerate(heavy)
               for other in range(len(program.threads)) if other != caller]
    if "membarrier: reaches others" in changed:
        reached = []
    segments = [range(1 + sum(operation in barriers for operation in program.threads[other])) for _, other in reached]
    for done in itertools.product((False, True), repeat=len(cases)):
        for places in itertools.product(*segments):
            found.append(Skeleton(program, dict(zip(map(id, cases), done)), dict(zip(reached, places)), barriers))
    return found


def values_of(skeleton, rf):
    """The value of each read and write, and the registers; None: a CAS's value says that it did otherwise."""
    value, registers = {}, {}
    events, waiting = skeleton.events, set(skeleton.reads + skeleton.writes)
    while waiting:
        before = len(value)
        for at in sorted(waiting):
            event = events[at]
            operation = event.operation
            if event.kind == "R" and rf[at] in value:
                value[at] = value[rf[at]]
                registers[operation.register] = value[at]
            elif event.kind == "W" and operation is None:
                value[at] = 0
            elif event.kind == "W" and (operation.kind == "store" or at - 1 in value):
                if operation.operand.isalpha() and operation.operand not in registers:
                    continue
                value[at] = operation.value(value.get(at - 1), registers)
        waiting -= set(value)
        if len(value) == before:
            return None  # values out of thin air
    for at in skeleton.reads:
        if events[at].operation.change == "cas":
            if (value[at] == events[at].operation.expected) != (at in skeleton.write_of):
                return None
    return value, registers


# ---- Axioms ----

class Execution:
    """A candidate with its derived relations, in the paper's words."""

    def __init__(self, skeleton, rf, changed):
        self.skeleton, self.changed, self.sb, self.size = skeleton, changed, skeleton.sb, len(skeleton.events)
        self.rf = pairs(self.size, [(write, read) for read, write in rf.items()])
        self.read_from = pairs(self.size, rf.items())

    def parts(self, **named):
        """Their union, less those left out. The name of a part: the relation, a colon, the part."""
        kept = [relation for name, relation in named.items() if name.replace("__", ": ").replace("_", " ")
                not in self.changed]
        return union(*kept) if kept else [0] * self.size

    def find_hb(self):
        write, read, fence = self.skeleton.write, self.skeleton.read, self.skeleton.fence
        step = self.parts(rs__rmw=compose(self.rf, self.skeleton.rmw))
        start = write
        if "C++11" in self.changed:
            start = union(write, compose(write, common(self.sb, self.skeleton.same_word), write))
        rs = compose(start, optional(plus(step)))
        before = optional(self.parts(sw__release_fence=compose(fence, self.sb)))
        after = optional(self.parts(sw__acquire_fence=compose(self.sb, fence)))
        sw = compose(self.skeleton.release, before, rs, self.rf, read, after, self.skeleton.acquire)
        self.sw = self.parts(hb__sw=sw)
        return plus(union(self.sb, self.sw))

    @functools.cached_property
    def happens(self):
        """Thin air, and all that needs no mo. False: consistent under none."""
        if "no thin air" not in self.changed and not acyclic(union(self.sb, self.rf)):
            return False
        self.hb = self.find_hb()
        self.sc, self.sc_fence, other_word = self.skeleton.sc, self.skeleton.sc_fence, self.skeleton.sb_other_word
        self.scb_before_mo = self.parts(
            scb__sb=self.sb, scb__sb_hb_sb=compose(other_word, self.hb, other_word),
            scb__hb_same_word=common(self.hb, self.skeleton.same_word))
        if "C++11" in self.changed:
            self.scb_before_mo = self.hb
        return irreflexive(self.hb)

    def consistent(self, mo):
        rb = compose(self.read_from, mo)
        eco = plus(union(self.rf, mo, rb))
        if "coherence" not in self.changed and not irreflexive(compose(self.hb, optional(eco))):
            return False
        if "atomicity" not in self.changed and any(
                row & other for row, other in zip(self.skeleton.rmw, compose(rb, mo))):
            return False
        psc = self.standards_order(eco) if STANDARD in self.changed else self.psc(mo, rb, eco)
        if "psc" not in self.changed and not acyclic(psc):
            return False
        limits = [relation for name, relation in (("mo by steps", mo), ("sc by steps", psc)) if name in self.changed]
        return not limits or "no thin air" in self.changed or acyclic(union(self.sb, self.rf, *limits))

    def psc(self, mo, rb, eco):
        scb = union(self.scb_before_mo, self.parts(scb__mo=mo, scb__rb=rb))
        hb = optional(self.hb)
        left = union(self.sc, self.parts(psc__hb_after_a_fence=compose(self.sc_fence, hb)))
        right = union(self.sc, self.parts(psc__hb_before_a_fence=compose(hb, self.sc_fence)))
        fences = self.parts(psc__fences_by_hb=compose(self.sc_fence, self.hb, self.sc_fence),
                            psc__fences_by_eco=compose(self.sc_fence, self.hb, eco, self.hb, self.sc_fence))
        return self.parts(psc__base=compose(left, scb, right), psc__fences=fences,
                          membarrier__within_the_call=self.skeleton.membarrier)

    def standards_order(self, eco):
        """C++20, [atomics.order] 4: a total order S of seq_cst operations exists if and only if this has no cycle."""
        sb = [row & ~rmw for row, rmw in zip(self.sb, self.skeleton.rmw)]  # there an RMW is one operation
        strongly = plus(union(self.sb, compose(self.sc, self.sw, self.sc), compose(sb, self.hb, sb)))
        left, right = union(self.sc, compose(self.sc_fence, self.hb)), union(self.sc, compose(self.hb, self.sc_fence))
        return union(compose(self.sc, strongly, self.sc), compose(left, eco, right), self.skeleton.membarrier)


STANDARD = "the standard's text"  # instead of psc: strongly happens before, and coherence-ordered before
# Parts that `changed` may leave out: that allows more.
PARTS = ("coherence", "atomicity", "no thin air", "psc", "psc: base", "psc: fences", "psc: fences by hb",
         "psc: fences by eco", "psc: hb after a fence", "psc: hb before a fence", "scb: sb", "scb: sb hb sb",
         "scb: hb same word", "scb: mo", "scb: rb", "hb: sw", "sw: release fence", "sw: acquire fence", "rs: rmw",
         "membarrier: reaches others", "membarrier: within the call")
# Limits that it may set: they forbid more. A checker that has one of them shows it by some program. By C++11, release
# sequences go on with stores of the same thread, and seq_cst operations follow all of hb.
LIMITS = {
    "C++11": "rules of C++11",
    "mo by steps": "stores to a word take their places in the order of execution",
    "sc by steps": "seq_cst operations take effect in the order of execution",
    "no compiler": "no access moves, even where no barrier holds it",
}


def outcomes(program, changed=()):
    """The set of outcomes of all consistent executions."""
    found = set()
    for skeleton in skeletons(program, frozenset(changed) & {"no compiler", "membarrier: reaches others"}):
        for rf, orders in skeleton.candidates:
            execution = Execution(skeleton, rf, changed)
            for mo, outcome in orders:
                if outcome not in found and execution.happens and execution.consistent(mo):
                    found.add(outcome)
    return found
