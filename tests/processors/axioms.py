# SPDX-License-Identifier: MIT OR Apache-2.0
"""The memory models of three processors, as axioms over the events of threads.

An execution is allowed if it has coherence, atomicity, and no cycle in the order below. Coherence: stores to each word have an
order with which every thread's accesses to it agree. Atomicity: no store comes between the two halves of an RMW. Both are the
same for all, in executions.py. The order is the union of what a processor keeps of each thread's order (`kept`, and with internal
reads `kept_by_reading`) and of what passes between threads:

  x86-64   Owens, Sarkar, Sewell: A better x86 memory model: x86-TSO, TPHOLs 2009
  AArch64  Pulte, Flur, Deacon, French, Sarkar, Sewell: Simplifying ARM concurrency, POPL 2018, and the Arm Architecture
           Reference Manual, B2.3: ordered-before. Left out: a release store before a later store of its word
  RISC-V   RVWMO: The RISC-V Instruction Set Manual, volume I, appendix A: rules 1 to 13 of preserved program order

Left out in all: parts that only forbid more, so that a verdict `forbidden` holds with them, too."""
FULL = ("full", "heavy", "mfence", "rw,rw")  # fences for all accesses, on any processor


def bits(mask):
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask -= lowest


class Model:
    """kept: edges (earlier, later) of one path that hold by its text; places are those in the path's list of events."""
    external_only = True  # from-reads and coherence order count only between threads

    def edges(self, events):
        found = set()
        for later, event in enumerate(events):
            for earlier in range(later):
                if self.fenced(events[earlier], event) or self.kept(events, earlier, later):
                    found.add((earlier, later))
        return found

    def fenced(self, first, second):
        """One of the two is a fence that holds the other."""
        if first.kind == "F" and second.kind != "F":
            return second.kind in self.holds(first)[1]
        return second.kind == "F" and first.kind != "F" and first.kind in self.holds(second)[0]

    def holds(self, fence):
        """The kinds of accesses before it, and after it."""
        for tag in fence.tags:
            if tag in FULL:
                return "RW", "RW"
            if tag in self.fences:
                return self.fences[tag]
        return "", ""

    def kept_by_reading(self, events, write, read):
        """Earlier events that a read comes after, as it has read from this write of its own thread."""
        return ()

    def reads_apart(self):
        """Do two loads of a word keep their order only if they have read from different stores?"""
        return False


class Tso(Model):
    fences = {}
    external_only = False

    def kept(self, events, earlier, later):
        first, second = events[earlier], events[later]
        if "F" in (first.kind, second.kind):
            return False
        locked = "lock" in first.tags or "lock" in second.tags
        return not (first.kind == "W" and second.kind == "R") or locked


class Arm(Model):
    fences = {"loads": ("R", "RW"), "stores": ("W", "W")}

    def kept(self, events, earlier, later):
        first, second, bit = events[earlier], events[later], 1 << earlier
        if "F" in (first.kind, second.kind):
            return False
        if second.rmw == earlier or second.address & bit or second.data & bit:
            return True
        if first.kind == "R" and "acquire" in first.tags or second.kind == "W" and "release" in second.tags:
            return True
        if "release" in first.tags and "acquire" in second.tags:
            return True
        between = events[earlier + 1:later]
        if second.kind == "W" and (second.control & bit or any(event.address & bit for event in between)):
            return True
        if any(event.rmw is not None and event.rmw > earlier and "amo" in event.tags and "release" in event.tags
               and "acquire" in events[event.rmw].tags for event in between):
            return True
        return second.kind == "R" and any(
            "isb" in event.tags and (event.control & bit or any(e.address & bit for e in between[:index]))
            for index, event in enumerate(between))

    def kept_by_reading(self, events, write, read):
        yield from bits(events[write].address | events[write].data)
        if events[write].rmw is not None and "acquire" in events[read].tags:
            yield write


class Riscv(Model):
    fences = {f"{before},{after}": (before.upper(), after.upper()) for before in ("r", "w", "rw") for after in ("r", "w", "rw")}
    external_only = False

    def edges(self, events):
        found = super().edges(events)
        for at, event in enumerate(events):
            if "tso" in event.tags:
                found |= {(a, b) for a in range(at) for b in range(at + 1, len(events))
                          if (events[a].kind, events[b].kind) in (("R", "R"), ("R", "W"), ("W", "W"))}
        return found

    def kept(self, events, earlier, later):
        first, second, bit = events[earlier], events[later], 1 << earlier
        if "F" in (first.kind, second.kind):
            return False
        if second.kind == "W" and first.at == second.at:  # rule 1
            return True
        if "acquire" in first.tags or "release" in second.tags:  # 5, 6
            return True
        if {"acquire", "release"} & set(first.tags) and {"acquire", "release"} & set(second.tags):  # 7
            return True
        if second.rmw == earlier or second.address & bit:  # 8, 9
            return True
        if second.kind == "W" and (second.data & bit or second.control & bit):  # 10, 11
            return True
        return second.kind == "W" and any(event.address & bit for event in events[earlier + 1:later])  # 13

    def kept_by_reading(self, events, write, read):
        if events[write].rmw is not None:  # 3
            yield write
        yield from bits(events[write].address | events[write].data)  # 12

    def reads_apart(self):  # 2
        return True


MODELS = {"x86_64": Tso(), "aarch64": Arm(), "riscv64": Riscv()}
