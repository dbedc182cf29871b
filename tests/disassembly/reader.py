# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads disassembled functions as sequences of the events that matter to fork and join, one letter each:

F  store of something into a slot's first word, with release where stores need to be told
f  the same without release              J  store of NULL there
L  load of `limit`                       T  load of `top`
R  release fence                         X  full fence
A  locked or otherwise atomic instruction
M  the marker that run.py puts beside a light fence
S  shift by 41, as a join does with what T has loaded

A region is an address masked to its size. Registers and stack slots are followed in the order of the text: exact
within a block, and good enough beyond it as long as every T has its S, which run.py claims. If a register's value comes
from another block, a load from where `top` lies in a region is a T if its value is shifted as a join does it."""
import re

LIMIT = 2816  # FILCH_HEADER_AT: where the header, and its first word, `limit`, lies in a region
TOP = LIMIT + 128  # FILCH_APART
TOPS = (TOP, TOP - LIMIT, TOP - 4096)  # from a region, a header, and behind a region's first page
SLOT = 64
WORD = 8
REGION = -1 << 20


def number(text):
    value = int(text or "0", 0)
    return value - (1 << 64) if value >= 1 << 63 else value


class X86:
    """As objdump writes it: AT&T."""
    options = []
    marker = ".byte 0x0f, 0x1f, 0x80, 0x71, 0x71, 0x71, 0x71"
    path = "(FL|JTS)+"
    stack, first = "sp", "di"
    at = r"(?P<offset>-?0x[0-9a-f]+)?\(%(?P<base>\w+)\)"
    rows = [
        (r"nopl 0x71717171\(%rax\)", "M"),
        (r"lock or[lq] \$0x0,.*\(%rsp\)|mfence", "X"),
        (r"lock .*|xchg .*\(.*|[ls]fence", "A"),
        (r"and \$(?P<value>0xf{11}00000),%(?P<to>\w+)", "mask"),
        (r"mov %(?P<source>\w+),%(?P<to>\w+)", "copy"),
        (r"lea " + at + r",%(?P<to>\w+)", "offset"),
        (r"add \$(?P<value>-?0x[0-9a-f]+),%(?P<to>\w+)", "add"),
        (r"xor %(?P<to>\w+),%(?P=to)", "zero"),
        (r"movq \$0x0," + at, "erase"),
        (r"movq \$0x[0-9a-f]+," + at, "publish"),
        (r"mov %(?P<source>r\w*[a-z0-9])," + at, "publish"),
        (r"(?:mov|cmp) " + at + r",%(?P<to>r\w+)", "load"),
        (r"cmp %r\w+," + at, "load"),
        (r"(?:cmp|test|push|call|j\w+|mov[lbw]?) .*\)|(?:cmp|test|push|call|j\w+) .*", "nothing"),
        (r"shrx? \$0x29,.*%(?P<to>\w+)", "shift"),
        (r".*%(?P<to>\w+)", "lose"),
    ]

    @staticmethod
    def register(name):
        return re.sub(r"^[re](?=[a-ds][a-z]$)", "", re.sub(r"^(r\d+)[dwb]$", r"\1", name))


class Aarch64:
    options = ["-M", "no-aliases"]
    marker = "hint #113"
    path = "(FL|JTS)+"
    stack, first = "sp", "x0"
    at = r"\[(?P<base>\w+)(?:, #(?P<offset>-?\d+))?\]"
    rows = [
        (r"hint #0x71", "M"),
        (r"dmb ish", "X"),
        (r"dmb .*|dsb .*|isb.*|ld\w*xr.*|st\w*xr.*|cas.*|swp.*|ld(?:add|clr|set|eor).*", "A"),
        (r"and (?P<to>x\d+), (?P<source>x\d+), #(?P<value>0xf{11}00000)", "mask"),
        (r"orr (?P<to>x\d+), xzr, (?P<source>\w+)", "copy"),
        (r"add (?P<to>x\d+), (?P<source>\w+), #(?P<value>0x[0-9a-f]+)", "add"),
        (r"movz (?P<to>[wx]\d+), #0x0", "zero"),
        (r"str xzr, " + at, "erase"),
        (r"stlr (?P<source>x\d+), " + at, "publish"),
        (r"str (?P<source>x\d+), " + at, "unreleased"),
        (r"ldr (?P<to>x\d+), " + at, "load"),
        (r"add (?P<to>x\d+), .*, lsr #41|ubfm x\d+, x\d+, #41, #63", "shift"),
        (r"stp (?P<source>x\w+), (?P<other>x\w+), " + at, "publish_pair"),
        (r"ldp (?P<to>x\d+), (?P<other>x\d+), " + at, "load_pair"),
        (r"(?:st|b|cb|tb|subs [wx]zr|ret).*", "nothing"),
        (r"ldp (?P<to>\w+), (?P<other>\w+), .*", "lose"),
        (r"\w+ (?P<to>[wx]\d+), .*", "lose"),
    ]

    @staticmethod
    def register(name):
        return re.sub(r"^w(?=\d)", "x", name)


class Riscv64:
    options = ["-M", "no-aliases"]
    marker = "addi x0, x0, 113"
    path = "(RFL|JTS)+"
    stack, first = "sp", "a0"
    at = r"(?P<offset>-?\d+)\((?P<base>\w+)\)"
    rows = [
        (r"addi zero,zero,113", "M"),
        (r"fence (?:rw,w|iorw,ow)", "R"),
        (r"fence (?:rw,rw|iorw,iorw)", "X"),
        (r"fence.*|amo.*|lr\..*|sc\..*", "A"),
        (r"lui (?P<to>\w+),0xfff00", "region"),
        (r"lui (?P<to>\w+),(?P<value>0x\w+)", "upper"),
        (r"and (?P<to>\w+),(?:(?P<source>\w+),)?(?P<other>\w+)", "both"),
        (r"mv (?P<to>\w+),(?P<source>\w+)", "copy"),
        (r"(?:addiw?|ori) (?P<to>\w+),(?:(?P<source>\w+),)?(?P<value>-?\d+)", "add"),
        (r"add (?P<to>\w+),(?:(?P<source>\w+),)?(?P<other>\w+)", "sum"),
        (r"li (?P<to>\w+),0", "zero"),
        (r"sd(?:sp)? zero," + at, "erase"),
        (r"sd(?:sp)? (?P<source>\w+)," + at, "publish"),
        (r"ld(?:sp)? (?P<to>\w+)," + at, "load"),
        (r"srli (?P<to>\w+)(?:,\w+)?,0x29", "shift"),
        (r"(?:s[bhw]|f?s[wd]sp|b\w+|j)\b.*", "nothing"),
        (r"\S+ (?P<to>\w+)\b.*", "lose"),
    ]

    @staticmethod
    def register(name):
        return name


PROCESSORS = {"x86_64": X86, "aarch64": Aarch64, "riscv64": Riscv64}


class Perhaps(int):
    """The value of a load that may be a T: where it stands in the events."""


class State:
    """State of registers and stack slots: ("in", offset from a region), a constant, "zero", "mask"; and the events so
    far. The methods are what the rows above name, their arguments the rows' groups."""

    def __init__(self, processor, known):
        self.processor = processor
        self.known = dict(known)
        self.events = ""

    def learn(self, place, value):
        self.known.pop(place, None)
        if place and value is not None:
            self.known[place] = value

    def nothing(self):
        pass

    def lose(self, to, other=None):
        self.learn(to, None)
        self.learn(other, None)

    def zero(self, to):
        self.learn(to, "zero")

    def region(self, to):
        self.learn(to, "mask")

    def upper(self, to, value):
        self.learn(to, number(value) << 12)

    def copy(self, to, source):
        self.learn(to, self.known.get(source))

    def mask(self, to, value, source=None):
        self.learn(to, ("in", 0) if number(value) == REGION else None)

    def both(self, to, other, source=None):
        self.learn(to, ("in", 0) if "mask" in (self.known.get(source or to), self.known.get(other)) else None)

    def add(self, to, value, source=None):
        known = self.known.get(source or to)
        if isinstance(known, tuple):
            self.learn(to, ("in", known[1] + number(value)))
        else:
            self.learn(to, known + number(value) if type(known) is int else None)

    def sum(self, to, other, source=None):
        one, two = self.known.get(source or to), self.known.get(other)
        if isinstance(two, tuple):
            one, two = two, one
        header = LIMIT if two is None else two  # a constant that another block has loaded is the header's
        self.learn(to, ("in", one[1] + header) if isinstance(one, tuple) and type(header) is int else None)

    def offset(self, to, base, offset=None):
        self.add(to, offset, base)

    def shift(self, to=None):
        at = self.known.get(to)
        if isinstance(at, Perhaps):
            self.events = self.events[:at] + "T" + self.events[at:]
        self.events += "S"
        self.learn(to, None)

    def load(self, base, offset=None, to=None):
        known = self.known.get(base)
        if isinstance(known, tuple):
            self.events += {LIMIT: "L", TOP: "T"}.get(known[1] + number(offset), "")
        elif number(offset) in TOPS and base != self.processor.stack:
            self.learn(to, Perhaps(len(self.events)))
            return
        self.learn(to, self.known.get((base, number(offset))) if base == self.processor.stack else None)

    def load_pair(self, to, other, base, offset=None):
        self.load(base, offset)
        self.load(base, str(number(offset) + WORD))
        for register, at in ((to, number(offset)), (other, number(offset) + WORD)):
            self.learn(register, self.known.get((base, at)))

    def put(self, letter, base, offset, value):
        if base == self.processor.stack:
            self.learn((base, number(offset)), value)
        elif number(offset) % SLOT == 0:
            self.events += "J" if value == "zero" else letter

    def erase(self, base, offset=None):
        self.put("J", base, offset, "zero")

    def publish(self, base, offset=None, source=None):
        self.put("F", base, offset, self.known.get(source))

    def publish_pair(self, base, source, other, offset=None):
        self.put("f", base, offset, self.known.get(source))
        self.put("f", base, str(number(offset) + WORD), self.known.get(other))

    def unreleased(self, base, source, offset=None):
        self.put("f", base, offset, self.known.get(source))


REGISTERS = ("to", "source", "other", "base")


def step(state, instruction):
    for pattern, action in state.processor.rows:
        found = re.fullmatch(pattern, instruction)
        if found and len(action) == 1:
            state.events += action
        elif found:
            groups = {name: state.processor.register(text) if name in REGISTERS else text
                      for name, text in found.groupdict().items() if text is not None}
            getattr(state, action)(**groups)
        if found:
            return


def functions(listing):
    """name -> its instructions, each "mnemonic operands" with single blanks. Local labels start nothing new."""
    found, here = {}, None
    for line in listing.splitlines():
        label = re.match(r"[0-9a-f]+ <([^>]+)>:", line)
        code = re.match(r" +[0-9a-f]+:\t(.*)", line)
        if label and not label[1].startswith("."):
            here = found.setdefault(label[1], [])
        elif code and here is not None:
            text = re.sub(r"\s+(# |// |<).*", "", code[1])
            here.append(re.sub(r"^c\.", "", re.sub(r"\s+", " ", text).strip()))
        elif here is not None and re.search(r"R_AARCH64_CALL26\s+__aarch64_", line):
            here.append("swp outlined")
    return found


def events(processor, instructions, gets_header=False):
    """gets_header: the function's first argument points to one."""
    state = State(processor, {processor.first: ("in", LIMIT)} if gets_header else {})
    for instruction in instructions:
        step(state, instruction)
    return state.events
