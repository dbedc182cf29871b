#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The models of the processors give each litmus test of classics.txt the verdict that is published for it, and each part of
a model matters: without it, some verdict is another one."""
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import aarch64  # noqa: E402
import axioms  # noqa: E402
import executions  # noqa: E402
import machine  # noqa: E402
import riscv64  # noqa: E402
import x86_64  # noqa: E402

WORDS = {"x": 0x10000000, "y": 0x10000040, "z": 0x10000080}
OPERATION = re.compile(r"(?:(?P<to>[a-d]) = )?(?P<kind>[WRXLFI])(?P<suffixes>[^ ]*)(?: (?P<word>[xyz]))?(?: (?P<value>\d))?")


def x86_code(op, suffix, depends):
    registers = {"a": "rax", "b": "rbx", "c": "rcx", "d": "rdx"}
    place, to, value = f"QWORD PTR [{WORDS[op['word']]:#x}]" if op["word"] else "", registers.get(op["to"]), op["value"]
    if op["kind"] in "XL":
        yield f"mov rsi,{value}"
        yield f"xchg {place},rsi"
        yield f"mov {to or 'rdi'},rsi"
    elif op["kind"] == "F":
        yield "nop" if suffix in ("ld", "st") else "mfence"
    elif op["kind"] != "I":
        yield f"mov {place},{value}" if op["kind"] == "W" else f"mov {to},{place}"


def arm_code(op, suffix, depends):
    registers = {"a": "x1", "b": "x2", "c": "x3", "d": "x4"}
    to, value, offset = registers.get(op["to"]), op["value"], ""
    if op["word"]:
        yield f"movz x10, #{WORDS[op['word']] >> 16:#x}, lsl #16"
        yield f"movk x10, #{WORDS[op['word']] & 0xffff:#x}"
    if "addr" in depends:
        yield "eor x5, {0}, {0}".format(registers[depends["addr"]])
        yield "add x10, x10, x5"
    if value:
        yield f"movz x6, #{value}"
    if "data" in depends:
        yield "eor x5, {0}, {0}".format(registers[depends["data"]])
        yield "add x6, x6, x5"
    if "ctrl" in depends:
        yield f"cbnz {registers[depends['ctrl']]}, NEXT"
    acquire, release = "a" * (suffix in ("acq", "full")), "l" * (suffix in ("rel", "full"))
    if op["kind"] == "W":
        yield f"st{release}r x6, [x10]"
    elif op["kind"] == "R":
        yield f"ld{acquire}r {to}, [x10]"
    elif op["kind"] == "X":
        yield f"swp{acquire}{release} x6, {to}, [x10]"
    elif op["kind"] == "L":
        yield f"ld{acquire}xr x7, [x10]"
        yield f"st{release}xr w8, x6, [x10]"
    else:
        yield {"ld": "dmb ishld", "st": "dmb ishst"}.get(suffix, "dmb ish") if op["kind"] == "F" else "isb"


def riscv_code(op, suffix, depends):
    registers = {"a": "a1", "b": "a2", "c": "a3", "d": "a4"}
    to, value = registers.get(op["to"]), op["value"]
    if op["word"]:
        yield f"lui s2,{WORDS[op['word']] >> 12:#x}"
        yield f"addi s2,s2,{WORDS[op['word']] & 0xfff}"
    if "addr" in depends:
        yield "xor t0,{0},{0}".format(registers[depends["addr"]])
        yield "add s2,s2,t0"
    if value:
        yield f"addi t1,zero,{value}"
    if "data" in depends:
        yield "xor t0,{0},{0}".format(registers[depends["data"]])
        yield "add t1,t1,t0"
    if "ctrl" in depends:
        yield f"bne {registers[depends['ctrl']]},zero,NEXT"
    order = {"acq": ".aq", "rel": ".rl", "full": ".aqrl"}.get(suffix, "")
    if op["kind"] == "W":
        if suffix == "rel":
            yield "fence rw,w"
        yield "sd t1,0(s2)"
    elif op["kind"] == "R":
        yield f"ld {to},0(s2)"
        if suffix == "acq":
            yield "fence r,rw"
    elif op["kind"] == "X":
        yield f"amoswap.d{order} {to},t1,(s2)"
    elif op["kind"] == "L":
        yield f"lr.d{'.aq' * (suffix == 'full')} t2,(s2)"
        yield f"sc.d{'.rl' * (suffix == 'full')} t3,t1,(s2)"
    else:
        yield {"ld": "fence r,r", "st": "fence w,w"}.get(suffix, "fence rw,rw") if op["kind"] == "F" else "fence.i"


CODE = {"x86_64": (x86_64, x86_code, ("rax", "rbx", "rcx", "rdx")), "aarch64": (aarch64, arm_code, ("x1", "x2", "x3", "x4")),
        "riscv64": (riscv64, riscv_code, ("a1", "a2", "a3", "a4"))}


class Text(machine.Image):
    """A litmus test as a program."""

    def __init__(self, name, threads):
        self.processor, self.code, self.registers = CODE[name]
        self.functions, self.text, self.end_of, self.decoded = {}, {}, {}, {}
        for number, thread in enumerate(threads):
            lines = [line for part in thread.split(";") for line in self.lines(part.strip())] + ["ret"]
            start = 0x1000 * (number + 1)
            self.functions[f"t{number}"] = start
            for at, line in enumerate(lines):
                self.text[start + 4 * at] = line.replace("NEXT", f"{start + 4 * at + 4:x}")
                self.end_of[start + 4 * at] = start + 4 * at + 4

    def lines(self, text):
        op = OPERATION.fullmatch(text)
        if not op:
            raise SystemExit(f"classics.txt: unknown operation: {text}")
        suffixes = [part.partition(":") for part in op["suffixes"].split(".") if part]
        depends = {name: register for name, colon, register in suffixes if colon}
        return self.code(op, "".join(name for name, colon, _ in suffixes if not colon), depends)


def happens(processor, model, threads, wanted):
    image = Text(processor, threads)
    memory = machine.Memory([(WORDS["x"], bytes(0x100))])
    world = machine.World(image, memory, [f"t{number}" for number in range(len(threads))])
    found = executions.outcomes(model, world, lambda path: tuple(path.get(name)[0] for name in image.registers))
    for results, finals in found:
        values = {f"{number}:{letter}": value for number, result in enumerate(results) for letter, value in zip("abcd", result)}
        last = {at: value for at, _, value in finals}
        values.update({word: last.get(at, 0) for word, at in WORDS.items()})
        if all(values[name] == int(value) for name, value in (part.split("=") for part in wanted.split())):
            return True
    return False


def table():
    for line in (Path(__file__).resolve().parent / "classics.txt").read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            name, threads, wanted, where = re.fullmatch(r"([^:]+): (.*) : (.*) :(.*)", line).groups()
            yield name, [thread.strip() for thread in threads.split("|")], wanted, where.split()


def without(model, part):
    """The model, less one part."""
    changed = type(model)()
    method, leave_out = part
    original = getattr(changed, method)
    setattr(changed, method, lambda *arguments: leave_out(original, *arguments))
    return changed


def without_field(field):
    empty = {field: () if field == "tags" else 0}

    def kept(original, events, earlier, later):
        return original([event.changed(**empty) for event in events], earlier, later)
    return kept


# Parts of a model: the method, and the same with less. x86_64 needs neither dependencies nor internal reads.
WEAKER = ("aarch64", "riscv64")
PARTS = {
    "fences": (("fenced", lambda original, *events: False), axioms.MODELS),
    "tags": (("kept", without_field("tags")), axioms.MODELS),
    "address": (("kept", without_field("address")), WEAKER),
    "data": (("kept", without_field("data")), WEAKER),
    "control": (("kept", without_field("control")), WEAKER),
    "internal reads": (("kept_by_reading", lambda original, *arguments: ()), WEAKER),
    "order of the text": (("kept", lambda original, *arguments: False), axioms.MODELS),
}


def main():
    failures, rows = [], list(table())
    for name, threads, wanted, where in rows:
        for processor, model in axioms.MODELS.items():
            found = happens(processor, model, threads, wanted)
            if found != (processor in where):
                failures.append(f"{name} on {processor}: {wanted} is {'allowed' if found else 'forbidden'}, not as published")
    for part, (change, processors) in PARTS.items():
        for processor in processors:
            model = without(axioms.MODELS[processor], change)
            if not any(happens(processor, model, threads, wanted) for _, threads, wanted, where in rows if processor not in where):
                failures.append(f"{processor}: without {part} no verdict is another one")
    print("\n".join(failures) or f"{len(rows)} litmus tests, {len(axioms.MODELS)} processors, {len(PARTS)} parts of their models")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
