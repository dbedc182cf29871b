# SPDX-License-Identifier: MIT OR Apache-2.0
"""Interprets machine code, one thread at a time, with every value that a load could return.

A Path is one run of one thread: registers, its stack, and the events that other threads may see. Each register carries a bit
set of the loads that its value depends on. A load of a word that other threads write splits the path, once for each value."""
import collections
import copy
import re
import struct
import subprocess

STACK, STACK_SIZE = 0x7F0000000000, 1 << 20
RETURN = 0xFFFFFFFF0000  # a thread that comes here has ended
VISITS = 3  # of one load by one path; a path with more is cut off
STEPS = 3000


class Need(Exception):
    """A load has more than one value."""

    def __init__(self, values):
        super().__init__()
        self.values = values


class Cut(Exception):
    """A path that is not followed to its end."""


class Event:
    """R, W or F. Bit sets of earlier events of the thread: address, data, control. rmw: the read that a write belongs to. by:
    the instruction's address."""
    __slots__ = ("kind", "at", "size", "value", "tags", "address", "data", "control", "rmw", "by")

    def __init__(self, kind, tags=(), at=None, size=0, value=None, address=0, data=0, control=0, rmw=None, by=0):
        self.kind, self.tags, self.at, self.size, self.value = kind, tags, at, size, value
        self.address, self.data, self.control, self.rmw, self.by = address, data, control, rmw, by

    def key(self):
        return tuple(getattr(self, name) for name in self.__slots__)

    def changed(self, **other):
        return Event(**{**{name: getattr(self, name) for name in self.__slots__}, **other})

    def __repr__(self):
        where = f" {self.at:#x} {self.value:#x}" if self.at is not None else ""
        return f"{self.kind}{where}{''.join(' ' + tag for tag in self.tags)}"


class Image:
    """A linked program: its segments, its functions, its decoded instructions."""

    def __init__(self, processor, file, objdump):
        self.processor = processor
        with open(file, "rb") as stream:
            content = stream.read()
        start, size, count = struct.unpack_from("<Q", content, 32)[0], *struct.unpack_from("<HH", content, 54)
        self.segments = []
        for at in range(start, start + size * count, size):
            kind, _, offset, address, _, in_file, in_memory = struct.unpack_from("<IIQQQQQ", content, at)
            if kind == 1:
                self.segments.append((address, bytearray(content[offset:offset + in_file].ljust(in_memory, b"\0"))))
        listing = subprocess.run([*objdump, *processor.options, "-d", "--no-show-raw-insn", file], check=True,
                                 capture_output=True, text=True).stdout
        self.functions, self.text, self.end_of, self.owner = {}, {}, {}, {}
        last = function = None
        for line in listing.splitlines():
            label = re.match(r"([0-9a-f]+) <([^>]+)>:", line)
            code = re.match(r" *([0-9a-f]+):\t(.*)", line)
            if label:
                function = label[2]
                self.functions[function] = int(label[1], 16)
            elif code:
                at = int(code[1], 16)
                if last is not None:
                    self.end_of[last] = at
                self.text[at], self.owner[at] = tidy(code[2]), function
                last = at
        self.end_of[last] = last + 4
        self.decoded = {}

    def instruction(self, at):
        if at not in self.decoded:
            if at not in self.text:
                raise SystemExit(f"no instruction at {at:#x}")
            self.decoded[at] = self.processor.decode(self.text[at], self.end_of[at])
        return self.decoded[at]


def tidy(text):
    text = re.sub(r"\s+(# |// |<).*|\s*<[^>]*>", "", text)
    return re.sub(r"\s+", " ", text).strip()


class Memory:
    """The shared words before the threads begin, or after they have ended."""

    def __init__(self, segments):
        self.segments = [(start, bytearray(content)) for start, content in segments]

    def place(self, at, size):
        for start, content in self.segments:
            if start <= at and at + size <= start + len(content):
                return content, at - start
        raise SystemExit(f"access to {at:#x}, {size} bytes, is outside the program")

    def read(self, at, size):
        content, offset = self.place(at, size)
        return int.from_bytes(content[offset:offset + size], "little")

    def write(self, at, size, value):
        content, offset = self.place(at, size)
        content[offset:offset + size] = value.to_bytes(size, "little")


class Path:
    def __init__(self, image, memory, function, arguments=(), world=None, thread=0):
        processor = image.processor
        self.image, self.memory, self.world, self.thread = image, memory, world, thread
        self.registers = {}
        self.stack, self.written, self.visits, self.foreign = {}, {}, {}, {}
        self.events, self.supply = [], []
        self.control, self.monitor, self.steps = 0, None, 0
        self.at = self.pc = image.functions[function]
        processor.enter(self, STACK + STACK_SIZE - 4096, RETURN)
        for register, value in zip(processor.arguments, arguments):
            self.registers[register] = (value & (1 << 64) - 1, 0)

    def clone(self):
        other = object.__new__(Path)
        other.__dict__.update(self.__dict__)
        for name in ("registers", "stack", "written", "visits", "foreign", "events", "supply"):
            setattr(other, name, getattr(self, name).copy())
        return other

    # ---- Registers ----

    def get(self, register):
        return self.registers.get(register, (0, 0))

    def put(self, register, value, taint=0):
        self.registers[register] = (value & (1 << 64) - 1, taint)

    def depend(self, taint):
        """A branch was decided by it."""
        self.control |= taint

    # ---- Memory ----

    def event(self, *arguments, **named):
        self.events.append(Event(*arguments, control=self.control, by=self.at, **named))
        return len(self.events) - 1

    def fence(self, *tags):
        if self.world:
            self.event("F", tags)

    def load(self, at, size, tags=()):
        (at, address) = at
        if STACK <= at < STACK + STACK_SIZE:
            return self.load_private(at, size)
        if not self.world:
            return self.memory.read(at, size), 0
        values = self.world.values(at, self.thread)
        if values is None:
            return self.memory.read(at, size), 0
        own = self.written.get(at, None)
        seen = self.foreign.get(at, frozenset())
        if len(seen) >= self.world.most(at, self.thread):
            values = seen  # the others write no more than that
        values = values | {self.memory.read(at, size) if own is None else own}
        if len(values) > 1 and not self.supply:
            raise Need(sorted(values))
        value = self.supply.pop(0) if len(values) > 1 else min(values)
        self.visits[self.at] = self.visits.get(self.at, 0) + 1
        if self.visits[self.at] > VISITS:
            raise Cut
        if value != own:
            self.foreign[at] = seen | {value} & self.world.values(at, self.thread)
        return value, 1 << self.event("R", tags, at=at, size=size, value=value, address=address)

    def store(self, at, size, value, tags=(), rmw=None):
        (at, address), (value, data) = at, value
        value &= (1 << 8 * size) - 1
        if STACK <= at < STACK + STACK_SIZE:
            self.stack[at] = (size, value, data)
            return
        if not self.world:
            self.memory.write(at, size, value)
            return
        self.written[at] = value
        self.event("W", tags, at=at, size=size, value=value, address=address, data=data, rmw=rmw)

    def load_private(self, at, size):
        if at in self.stack and self.stack[at][0] >= size:
            _, value, taint = self.stack[at]
            return value & (1 << 8 * size) - 1, taint
        parts = [(start, *entry) for start, entry in self.stack.items() if start < at + size and at < start + entry[0]]
        value = taint = 0
        for start, _, part, source in parts:
            value |= part << 8 * (start - at) if start >= at else part >> 8 * (at - start)
            taint |= source
        return value & (1 << 8 * size) - 1, taint

    # ---- Steps ----

    def step(self):
        """The paths that go on from here."""
        owner = self.pc
        if owner == self.image.functions.get("heavy_fence"):
            self.fence("heavy")
            self.image.processor.leave(self)
            return [self]
        run, memory = self.image.instruction(owner)
        self.steps += 1
        if self.steps > STEPS:
            raise Cut
        self.at, self.pc = owner, self.image.end_of[owner]
        if not memory or not self.world:
            run(self)
            return [self]
        result, waiting = [], [[]]
        while waiting:
            supply = waiting.pop()
            path = self.clone()
            path.supply = list(supply)
            try:
                run(path)
                result.append(path)
            except Need as need:
                waiting += [supply + [value] for value in need.values]
            except Cut:
                self.world.cut += 1
        return result


def alone(image, memory, function, arguments=()):
    """Runs a function to its end, and changes the memory; its result."""
    path = Path(image, memory, function, arguments)
    while path.pc != RETURN:
        path.step()
    return path.get(image.processor.result)[0]


class World:
    """The values that each thread may write to each word, found by running all threads until there are no new ones.

    A value that is made of an older one, as by an RMW, is as many writes deep. None is deeper than the number of writes to its
    word that one execution can have; that ends the search."""

    def __init__(self, image, memory, threads):
        self.image, self.memory, self.threads = image, memory, threads
        self.writes = [{} for _ in threads]  # thread: word: value: how deep
        self.counts = [{} for _ in threads]  # thread: word: the most writes on one path
        before = None
        while before != (self.writes, self.counts):
            before = copy.deepcopy((self.writes, self.counts))
            self.cut = 0
            self.known = {}
            self.paths = [self.run(thread, function) for thread, function in enumerate(threads)]
            for thread, paths in enumerate(self.paths):
                for path in paths:
                    self.learn(self.writes[thread], path)
                    self.count(self.counts[thread], path)
            self.forget()

    @staticmethod
    def count(counts, path):
        here = collections.Counter(event.at for event in path.events if event.kind == "W")
        for at, most in here.items():
            counts[at] = max(most, counts.get(at, 0))

    def most(self, at, thread):
        """Writes of other threads to a word."""
        return sum(counts.get(at, 0) for other, counts in enumerate(self.counts) if other != thread)

    def depth(self, event, path):
        """Of the value that a read returned."""
        found = [writes[event.at][event.value] for writes in self.writes if event.value in writes.get(event.at, ())]
        return min(found, default=0)

    def learn(self, writes, path):
        for event in path.events:
            if event.kind == "W":
                made_of = [self.depth(read, path) for index, read in enumerate(path.events)
                           if read.at == event.at and read.kind == "R" and (index == event.rmw or event.data >> index & 1)]
                depth = 1 + max(made_of, default=0)
                values = writes.setdefault(event.at, {})
                values[event.value] = min(depth, values.get(event.value, depth))

    def forget(self):
        for writes in self.writes:
            for at in writes:
                most = sum(counts.get(at, 0) for counts in self.counts)
                writes[at] = {value: depth for value, depth in writes[at].items() if depth <= most}

    def values(self, at, thread):
        """Those of other threads; None: nobody writes it."""
        if (at, thread) not in self.known:
            found = [set(writes[at]) for writes in self.writes if at in writes]
            others = (set(writes.get(at, ())) for other, writes in enumerate(self.writes) if other != thread)
            self.known[at, thread] = frozenset().union(*others) if found else None
        return self.known[at, thread]

    def run(self, thread, function):
        done, waiting = {}, [Path(self.image, self.memory, function, world=self, thread=thread)]
        while waiting:
            path = waiting.pop()
            try:
                while path.pc != RETURN:
                    path, *others = path.step() or [None]
                    waiting += others
                    if path is None:
                        break
            except Cut:
                self.cut += 1
                continue
            if path is not None:
                key = (tuple(sorted(path.registers.items(), key=lambda item: item[0])), tuple(event.key() for event in path.events))
                done.setdefault(key, path)
        return list(done.values())
