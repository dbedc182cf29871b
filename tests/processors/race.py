# SPDX-License-Identifier: MIT OR Apache-2.0
"""One race of races/: which outcomes a processor allows, and which wrong ones it would allow if one thread's code had less
order."""
import itertools

import executions
import machine

# A weakening is a function of a thread's events: the same with less order, or None where there is nothing to take away.


def changed_events(wanted, change):
    def weaker(events):
        if not any(wanted(event) for event in events):
            return None
        return [change(event) if wanted(event) else event for event in events]
    return weaker


def without_tag(tag):
    return changed_events(lambda event: tag in event.tags,
                          lambda event: event.changed(tags=tuple(other for other in event.tags if other != tag)))


WEAKENINGS = {
    "acquire": without_tag("acquire"),
    "release": without_tag("release"),
    "fence": changed_events(lambda event: event.kind == "F" and "heavy" not in event.tags,
                            lambda event: event.changed(tags=())),
    "membarrier": without_tag("heavy"),
    "atomic": changed_events(lambda event: event.rmw is not None or "lock" in event.tags,
                             lambda event: event.changed(rmw=None, tags=())),
}


def exchanged(events, at):
    """The events at `at` and behind it change places."""
    order = list(range(len(events)))
    order[at], order[at + 1] = at + 1, at
    place = {old: new for new, old in enumerate(order)}

    def moved(mask):
        return sum(1 << place[bit] for bit in range(len(events)) if mask >> bit & 1)
    return [event.changed(address=moved(event.address), data=moved(event.data), control=moved(event.control),
                          rmw=None if event.rmw is None else place[event.rmw]) for event in (events[old] for old in order)]


def pairs_of(kinds):
    """The places of instructions that stand one behind the other: a store, and a store or load, of other words."""
    def found(events):
        rmw = {event.rmw for event in events}
        for at, (first, second) in enumerate(zip(events, events[1:])):
            if (first.kind, second.kind) == kinds and first.at != second.at and first.rmw is None and second.rmw is None \
                    and at + 1 not in rmw:
                yield at, (first.by, second.by)
    return found


SWAPS = {"swap": pairs_of(("W", "W")), "early": pairs_of(("W", "R"))}  # two stores; a load before the store in front of it
KINDS = (*WEAKENINGS, *SWAPS)


class Race:
    def __init__(self, image, model, name):
        self.image, self.model, self.name = image, model, name
        self.memory = machine.Memory(image.segments)
        machine.alone(image, self.memory, f"{name}_begin")
        functions = [f"{name}_{number}" for number in range(4) if f"{name}_{number}" in image.functions]
        self.world = machine.World(image, self.memory, functions)
        self.threads = executions.threads_of(model, self.world, lambda path: path.get(image.processor.result)[0])
        self.verdicts, self.wrong, self.right = {}, [], set()
        for candidate, choice, outcome in self.candidates(self.threads):
            if not self.well(outcome):
                self.wrong.append((candidate, choice, outcome))
            elif outcome not in self.right and candidate.allowed(choice):
                self.right.add(outcome)

    def candidates(self, threads):
        return executions.candidates(self.model, threads, self.memory.read)

    def well(self, outcome):
        """By NAME_end, on the memory as the threads leave it."""
        if outcome not in self.verdicts:
            results, finals = outcome
            memory = machine.Memory(self.memory.segments)
            for at, size, value in finals:
                memory.write(at, size, value)
            self.verdicts[outcome] = machine.alone(self.image, memory, f"{self.name}_end", results) & 0xFF == 1
        return self.verdicts[outcome]

    def fault(self):
        """An outcome that is wrong and allowed, or None."""
        return next((outcome for candidate, choice, outcome in self.wrong if candidate.allowed(choice)), None)

    def thread(self, thread, events):
        return executions.Thread(self.model, events, thread.result, self.memory.read)

    def told(self, number, kind):
        """Is a wrong outcome allowed if this thread is weakened so? None: there is nothing to weaken."""
        if kind in SWAPS:
            return self.told_by_swap(number, SWAPS[kind])
        weaker = [WEAKENINGS[kind](thread.events) for thread in self.threads[number]]
        if not any(weaker):
            return None
        changed = {thread: self.thread(thread, events) for thread, events in zip(self.threads[number], weaker) if events}
        if kind == "atomic":
            return self.anything_wrong(number, [changed.get(thread, thread) for thread in self.threads[number]])
        for candidate, choice, _ in self.wrong:
            threads = [changed.get(thread, thread) for thread in candidate.threads]
            if executions.Candidate(self.model, threads, self.memory.read).allowed(choice):
                return True
        return False

    def told_by_swap(self, number, pairs):
        where = {by for thread in self.threads[number] for _, by in pairs(thread.events)}
        for chosen in sorted(where):
            threads = []
            for thread in self.threads[number]:
                at = next((at for at, by in pairs(thread.events) if by == chosen), None)
                threads.append(thread if at is None else self.thread(thread, exchanged(thread.events, at)))
            if self.anything_wrong(number, threads):
                return True
        return False if where else None

    def anything_wrong(self, number, threads):
        every = [threads if other == number else self.threads[other] for other in range(len(self.threads))]
        return any(not self.well(outcome) and candidate.allowed(choice) for candidate, choice, outcome in self.candidates(every))

    def matrix(self):
        """(thread, kind, told) for each weakening that there is."""
        for number in range(len(self.threads)):
            for kind in KINDS:
                told = self.told(number, kind)
                if told is not None:
                    yield number, kind, told
