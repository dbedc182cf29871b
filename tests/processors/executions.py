# SPDX-License-Identifier: MIT OR Apache-2.0
"""All executions of some threads that a processor's model allows.

A candidate is a path of each thread, the store that each load reads, and the order of the stores to each word. Each call of
membarrier(2) has a place in every other thread, where the kernel executes a full fence: after the call's begin and before
its end. axioms.py judges a candidate."""
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "model" / "litmus"))
from relations import acyclic  # noqa: E402

INITIAL = -1


class Thread:
    """One path, with what depends on it alone."""

    def __init__(self, model, events, result, initial):
        self.result, self.events = result, events
        self.edges = model.edges(self.events)
        self.needs, self.gives, self.own = set(), set(), {}
        last = {}
        for place, event in enumerate(self.events):
            if event.kind == "R":
                self.own[place] = last.get(event.at, INITIAL)
                here = self.events[last[event.at]].value if event.at in last else initial(event.at, event.size)
                if here != event.value:
                    self.needs.add((event.at, event.value))
            elif event.kind == "W":
                last[event.at] = place
                self.gives.add((event.at, event.value))
        self.calls = [place for place, event in enumerate(self.events) if "heavy" in event.tags]

    def places(self):
        """Where a fence from outside may come: before each event but the second half of an RMW, and at the end."""
        indivisible = {place for place, event in enumerate(self.events) if event.rmw is not None and event.rmw == place - 1}
        return [place for place in range(len(self.events) + 1) if place not in indivisible]


def alike(threads):
    """The paths that read and write the same values, in lists."""
    found = {}
    for thread in threads:
        found.setdefault((frozenset(thread.needs), frozenset(thread.gives)), []).append(thread)
    return found.values()


def supplied(threads):
    """May each thread read what it reads?"""
    for thread in threads:
        others = set().union(*(other.gives for other in threads if other is not thread))
        if not thread.needs <= others:
            return False
    return True


class Candidate:
    """A choice of paths. Nodes are numbered thread after thread."""

    def __init__(self, model, threads, initial):
        self.model, self.threads, self.initial = model, threads, initial
        self.offsets = list(itertools.accumulate((len(thread.events) for thread in threads), initial=0))
        self.owner, self.events = [], []
        for number, thread in enumerate(threads):
            self.owner += [number] * len(thread.events)
            self.events += thread.events
        self.words = {}
        for node, event in enumerate(self.events):
            if event.kind != "F":
                self.words.setdefault(event.at, []).append(node)

    def results(self):
        return tuple(thread.result for thread in self.threads)

    # ---- Reads and orders of stores ----

    def orders(self, writes):
        """Of the stores to a word: those that keep each thread's order."""
        for order in itertools.permutations(writes):
            if all(a < b or self.owner[a] != self.owner[b] for a, b in itertools.combinations(order, 2)):
                yield order

    def sources(self, read, writes):
        number = self.owner[read]
        own = self.threads[number].own[read - self.offsets[number]]
        event = self.events[read]
        if own == INITIAL:
            here, value = INITIAL, self.initial(event.at, event.size)
        else:
            here = own + self.offsets[number]
            value = self.events[here].value
        found = [write for write in writes if self.owner[write] != number and self.events[write].value == event.value]
        return found + [here] * (value == event.value)

    def coherent(self, order, reads, chosen):
        """Does each thread agree with this order, and is each RMW whole?"""
        place = {write: index for index, write in enumerate(order)}
        place[INITIAL] = -1
        newest = {}
        for node in sorted(order + reads):
            number = self.owner[node]
            if node in place:
                at = place[node]
                rmw = self.events[node].rmw
                if at <= newest.get(number, -2) and newest.get(number, -2) >= 0:
                    return False
                if rmw is not None and place[chosen[rmw + self.offsets[number]]] != at - 1:
                    return False
            else:
                at = place[chosen[node]]
                if at < newest.get(number, -1):
                    return False
            newest[number] = at
        return True

    def readings(self):
        """(the source of each read, the order of the stores) for all words."""
        choices = []
        for nodes in self.words.values():
            writes = [node for node in nodes if self.events[node].kind == "W"]
            reads = tuple(node for node in nodes if self.events[node].kind == "R")
            sources = [self.sources(read, writes) for read in reads]
            found = []
            for order in self.orders(writes):
                for chosen in itertools.product(*sources):
                    pairs = dict(zip(reads, chosen))
                    if self.coherent(order, reads, pairs):
                        found.append((pairs, order))
            choices.append(found)
        for choice in itertools.product(*choices):
            yield choice

    def final(self, choice):
        return tuple(sorted((self.events[order[-1]].at, self.events[order[-1]].size, self.events[order[-1]].value)
                            for _, order in choice if order))

    # ---- Judgement ----

    def relation(self, choice):
        found = [0] * len(self.events)

        def before(a, b):
            found[a] |= 1 << b
        for number, thread in enumerate(self.threads):
            offset = self.offsets[number]
            for a, b in thread.edges:
                before(a + offset, b + offset)
        apart, internal = self.model.reads_apart(), not self.model.external_only
        for pairs, order in choice:
            for a, b in itertools.combinations(order, 2):
                if internal or self.owner[a] != self.owner[b]:
                    before(a, b)
            place = {write: index for index, write in enumerate(order)}
            for read, write in pairs.items():
                number = self.owner[read]
                if write != INITIAL and self.owner[write] != number:
                    before(write, read)
                elif write != INITIAL:
                    offset = self.offsets[number]
                    for earlier in self.model.kept_by_reading(self.threads[number].events, write - offset, read - offset):
                        before(earlier + offset, read)
                for later in order[place.get(write, -1) + 1:]:
                    if later != read and (internal or self.owner[later] != number):
                        before(read, later)
            if apart:
                for a, b in itertools.combinations(sorted(pairs), 2):
                    if self.owner[a] == self.owner[b] and pairs[a] != pairs[b] and not any(a < write < b for write in order):
                        before(a, b)
        return found

    def with_fences(self, relation, places):
        """places: (the node of a call, thread, place in it)."""
        found = list(relation)
        for call, number, place in places:
            node = len(found)
            found.append(0)
            at = self.offsets[number] + place
            for earlier in range(self.offsets[number], at):
                found[earlier] |= 1 << node
            found[node] |= sum(1 << later for later in range(at, self.offsets[number + 1]))
            # After the call's begin, before its end: the call is a fence, so what is before it is before the begin.
            for earlier in range(self.offsets[self.owner[call]], call):
                found[earlier] |= 1 << node
            found[node] |= sum(1 << later for later in range(call + 1, self.offsets[self.owner[call] + 1]))
        return found

    def fences(self):
        calls = [(self.offsets[number] + place, other) for number, thread in enumerate(self.threads)
                 for place in thread.calls for other in range(len(self.threads)) if other != number]
        return itertools.product(*([(call, other, place) for place in self.threads[other].places()] for call, other in calls))

    def allowed(self, choice):
        relation = self.relation(choice)
        if not acyclic(relation):
            return False
        return any(acyclic(self.with_fences(relation, places)) for places in self.fences())


def one_size(paths):
    """The models have no accesses of different size to the same bytes."""
    sizes = {(event.at, event.size) for thread in paths for path in thread for event in path.events if event.kind != "F"}
    for (a, size), (b, other) in itertools.combinations(sorted(sizes), 2):
        if b < a + size:
            raise SystemExit(f"accesses of {size} bytes to {a:#x} and of {other} bytes to {b:#x} overlap")


def threads_of(model, world, result):
    """For each thread its paths, with result(path)."""
    one_size(world.paths)
    return [[Thread(model, path.events, result(path), world.memory.read) for path in paths] for paths in world.paths]


def candidates(model, threads, initial):
    """(candidate, choice, outcome): all that are coherent. An outcome: results of the threads, last stores."""
    for paths in itertools.product(*map(alike, threads)):
        if not supplied([some[0] for some in paths]):
            continue
        for chosen in itertools.product(*paths):
            candidate = Candidate(model, chosen, initial)
            for choice in candidate.readings():
                yield candidate, choice, (candidate.results(), candidate.final(choice))


def outcomes(model, world, result):
    found = {}
    for candidate, choice, outcome in candidates(model, threads_of(model, world, result), world.memory.read):
        if outcome not in found and candidate.allowed(choice):
            found[outcome] = (candidate, choice)
    return found
