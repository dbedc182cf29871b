# SPDX-License-Identifier: MIT OR Apache-2.0
"""The instructions of x86-64 that compilers use in races/, as objdump -M intel writes them."""
import re

options = ["-M", "intel"]
arguments = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"]
result = "rax"
ALL = (1 << 64) - 1
SIZES = {"BYTE": 1, "WORD": 2, "DWORD": 4, "QWORD": 8, "XMMWORD": 16}
REGISTERS = {}  # name -> (the whole register, bytes)
for letter in "abcd":
    REGISTERS.update({f"r{letter}x": (f"r{letter}x", 8), f"e{letter}x": (f"r{letter}x", 4), f"{letter}x": (f"r{letter}x", 2),
                      f"{letter}l": (f"r{letter}x", 1)})
for pair in ("si", "di", "bp", "sp"):
    REGISTERS.update({f"r{pair}": (f"r{pair}", 8), f"e{pair}": (f"r{pair}", 4), pair: (f"r{pair}", 2), f"{pair}l": (f"r{pair}", 1)})
for index in range(8, 16):
    REGISTERS.update({f"r{index}{end}": (f"r{index}", size) for end, size in (("", 8), ("d", 4), ("w", 2), ("b", 1))})
REGISTERS.update({f"xmm{index}": (f"xmm{index}", 16) for index in range(16)})


def enter(path, stack, back):
    path.put("rsp", stack - 8)
    path.stack[stack - 8] = (8, back, 0)


def leave(path):
    at, _ = path.get("rsp")
    path.put("rsp", at + 8)
    path.pc = path.load_private(at, 8)[0]


def signed(found, size):
    found &= (1 << 8 * size) - 1
    return found - (1 << 8 * size) if found >> 8 * size - 1 else found


class Operand:
    """A register, a number or a place in memory."""

    def __init__(self, text, size):
        self.text = text
        self.memory = "[" in text
        if self.memory:
            found = re.fullmatch(r"(?:(\w+) PTR )?(?:ds:)?\[(.*)\]", text)
            self.size = SIZES[found[1]] if found[1] else size
            self.terms = []
            for sign, term in re.findall(r"([+-]?)([^+-]+)", found[2]):
                register, _, scale = term.partition("*")
                if register in REGISTERS or register == "rip":
                    self.terms.append((register, int(scale or 1), 0))
                else:
                    self.terms.append((None, 1, int(sign + term, 0)))
        elif text in REGISTERS:
            self.register, self.size = REGISTERS[text]
        else:
            self.register, self.size, self.number = None, size, int(text, 0)

    def is_number(self):
        return not self.memory and self.register is None

    def address(self, path):
        at = taint = 0
        for register, scale, number in self.terms:
            if register == "rip":
                at += path.pc
            elif register:
                found, more = path.get(register)
                at, taint = at + found * scale, taint | more
            at += number
        return at & ALL, taint

    def read(self, path, tags=()):
        if self.memory:
            at, taint = self.address(path)
            if self.size == 16:
                (low, a), (high, b) = (path.load((at + part, taint), 8, tags) for part in (0, 8))
                return low | high << 64, a | b
            return path.load((at, taint), self.size, tags)
        if self.register is None:
            return self.number & (1 << 8 * self.size) - 1, 0
        found, taint = path.registers.get(self.register, (0, 0))
        return found & (1 << 8 * self.size) - 1, taint

    def write(self, path, value, taint, tags=(), rmw=None):
        if self.memory:
            at = self.address(path)
            for part in range(0, self.size, 8):
                path.store((at[0] + part, at[1]), min(self.size, 8), (value >> 8 * part, taint), tags, rmw)
            return
        value &= (1 << 8 * self.size) - 1
        if self.size < 4:
            old, more = path.get(self.register)
            value, taint = old & ~((1 << 8 * self.size) - 1) | value, taint | more
        path.registers[self.register] = (value, taint)


CONDITIONS = {
    "e": lambda z, s, c, o: z, "s": lambda z, s, c, o: s, "b": lambda z, s, c, o: c, "o": lambda z, s, c, o: o,
    "be": lambda z, s, c, o: c or z, "l": lambda z, s, c, o: s != o, "le": lambda z, s, c, o: z or s != o,
}


def holds(name, flags):
    """Of jcc, setcc, cmovcc."""
    name = {"a": "nbe", "ae": "nb", "g": "nle", "ge": "nl", "c": "b", "nc": "nb", "z": "e", "nz": "ne"}.get(name, name)
    if name in CONDITIONS:
        return bool(CONDITIONS[name](*flags))
    return not CONDITIONS[name[1:]](*flags)


def sum_flags(a, b, carry, size, minus):
    bits = (1 << 8 * size) - 1
    found = (a - b - carry if minus else a + b + carry) & bits
    out = a < b + carry if minus else a + b + carry > bits
    exact = signed(a, size) - signed(b, size) - carry if minus else signed(a, size) + signed(b, size) + carry
    return found, (found == 0, found >> 8 * size - 1, out, exact != signed(found, size))


def calculate(op, a, b, size, carry):
    """The result and the flags."""
    bits = (1 << 8 * size) - 1
    if op in ("add", "adc", "sub", "sbb", "cmp", "inc", "dec", "neg", "xadd"):
        if op == "neg":
            a, b = 0, a
        return sum_flags(a, b, carry if op in ("adc", "sbb") else 0, size, op in ("sub", "sbb", "cmp", "dec", "neg"))
    b_ = b & (8 * size - 1)
    found = {"and": lambda: a & b, "test": lambda: a & b, "or": lambda: a | b, "xor": lambda: a ^ b, "not": lambda: ~a,
             "shl": lambda: a << b_, "shr": lambda: a >> b_, "sar": lambda: signed(a, size) >> b_,
             "imul": lambda: a * b, "bts": lambda: a | 1 << b_, "btr": lambda: a & ~(1 << b_), "bt": lambda: a}[op]() & bits
    carry = a >> b_ & 1 if op[:2] == "bt" else 0
    return found, (found == 0, found >> 8 * size - 1, carry, 0)


TWO = ("add", "adc", "sub", "sbb", "cmp", "and", "test", "or", "xor", "shl", "sal", "shr", "sar", "imul", "bt", "bts", "btr")
ONE = {"inc": 1, "dec": 1, "neg": 0, "not": 0, "shr": 1, "sar": 1, "shl": 1}


def changed(op, operands, lock):
    """Arithmetic; locked where it says so, or is an xadd or xchg in memory."""
    left = operands[0]
    op = {"sal": "shl"}.get(op, op)

    def run(path):
        tags = ("lock",) * (lock and left.memory)
        before = len(path.events)
        a, taint = left.read(path, tags)
        if lock and len(path.events) == before:
            path.fence("mfence")  # a locked instruction on the thread's own stack
        rmw = before if lock and path.events and path.events[-1].kind == "R" and len(path.events) > before else None
        b, more = operands[1].read(path) if len(operands) > 1 else (ONE[op], 0)
        if op == "xor" and len(operands) == 2 and operands[1].text == left.text:
            taint = more = 0
        if op == "imul" and len(operands) == 3:
            a, taint = operands[1].read(path)
            b, more = operands[2].read(path)
        if len(operands) > 1 and operands[1].is_number():
            b = signed(b, operands[1].size)
        carry, extra = path.registers.get("flags", ((0, 0, 0, 0), 0))
        found, flags = calculate(op, a, b & (1 << 8 * left.size) - 1, left.size, carry[2])
        taint |= more | (extra if op in ("adc", "sbb") else 0)
        if op != "not":
            path.registers["flags"] = (flags, taint)
        if op not in ("cmp", "test", "bt"):
            left.write(path, found, taint, tags, rmw)
        if op == "xadd":
            operands[1].write(path, a, taint)
    return run, any(operand.memory for operand in operands)


def exchanged(operands):
    memory, other = sorted(operands, key=lambda operand: not operand.memory)

    def run(path):
        tags = ("lock",) * memory.memory
        before = len(path.events)
        old, taint = memory.read(path, tags)
        rmw = before if memory.memory and len(path.events) > before else None
        new, more = other.read(path)
        memory.write(path, new, more, tags, rmw)
        other.write(path, old, taint)
    return run, memory.memory


def compare_exchanged(operands):
    left, right = operands

    def run(path):
        before = len(path.events)
        old, taint = left.read(path, ("lock",))
        rmw = before if len(path.events) > before else None
        accumulator = Operand({8: "rax", 4: "eax", 2: "ax", 1: "al"}[left.size], left.size)
        expected, more = accumulator.read(path)
        path.registers["flags"] = (sum_flags(expected, old, 0, left.size, True)[1], taint | more)
        if expected == old:
            new, most = right.read(path)
            left.write(path, new, most, ("lock",), rmw)
        else:
            accumulator.write(path, old, taint)
    return run, True


def copied(op, operands):
    to, source = operands

    def run(path):
        found, taint = source.read(path)
        if op in ("movsx", "movsxd"):
            found = signed(found, source.size)
        elif source.is_number():
            found = source.number
        to.write(path, found & (1 << 8 * to.size) - 1, taint)
    return run, to.memory or source.memory


def push(source):
    def run(path):
        found, taint = source.read(path)
        at, _ = path.get("rsp")
        path.put("rsp", at - 8)
        path.store((at - 8, 0), 8, (found & ALL, taint))
    return run, True


def pop(to):
    def run(path):
        at, _ = path.get("rsp")
        found, taint = path.load((at, 0), 8)
        path.put("rsp", at + 8)
        to.write(path, found, taint)
    return run, True


def jump(op, text, operand, end):
    target = int(text, 16) if operand is None else None

    def run(path):
        to = target
        if operand is not None:
            to, taint = operand.read(path)
            path.depend(taint)
        if op == "call":
            at, _ = path.get("rsp")
            path.put("rsp", at - 8)
            path.store((at - 8, 0), 8, (end, 0))
        path.pc = to
    return run, True


def conditional(op, condition, rest, operands):
    def run(path):
        flags, taint = path.registers["flags"]
        taken = holds(condition, flags)
        if op == "j":
            path.depend(taint)
            if taken:
                path.pc = int(rest, 16)
        elif op == "set":
            operands[0].write(path, int(taken), taint)
        else:
            found, more = operands[1].read(path)
            old, most = operands[0].read(path)
            operands[0].write(path, found if taken else old, taint | more | most)
    return run, any(operand.memory for operand in operands)


def nothing(path):
    pass


def decode(text, end):
    text = re.sub(r"^((data16|cs|notrack|bnd|rep[nz]*|repz) )+", "", text)
    lock = text.startswith("lock ")
    op, _, rest = text.removeprefix("lock ").partition(" ")
    if op.startswith("nop") or op in ("endbr64", "pause", "xchg") and rest == "ax,ax":
        return nothing, False
    if op in ("mfence", "lfence", "sfence"):
        return (lambda path: path.fence(op)), False
    if op == "ret":
        return leave, True
    if op == "cdqe":
        return (lambda path: path.put("rax", signed(path.get("rax")[0], 4), path.get("rax")[1])), False
    texts = [part.strip() for part in re.findall(r"[^,\[]*\[[^\]]*\]|[^,]+", rest)]
    if op in ("jmp", "call"):
        direct = re.fullmatch("[0-9a-f]+", rest)
        return jump(op, rest, None if direct else Operand(rest, 8), end)
    found = re.fullmatch(r"(j|set|cmov)(n?[a-z]+)", op)
    if found and op != "jmp":
        size = 8
        operands = [] if found[1] == "j" else [Operand(part, size) for part in texts]
        return conditional(found[1], found[2], rest, operands)
    sizes = [REGISTERS[part][1] for part in texts if part in REGISTERS]
    operands = [Operand(part, sizes[0] if sizes else 8) for part in texts]
    if operands and not sizes:
        operands = [Operand(part, operands[0].size) for part in texts]
    if op in ("mov", "movabs", "movzx", "movsx", "movsxd", "movups", "movaps", "movdqa", "movdqu", "movq"):
        return copied(op, operands)
    if op in ("xorps", "pxor"):
        return (lambda path: operands[0].write(path, 0, 0)), False
    if op == "lea":
        return (lambda path: operands[0].write(path, *operands[1].address(path))), False
    if op == "push":
        return push(operands[0])
    if op == "pop":
        return pop(operands[0])
    if op == "xchg":
        return exchanged(operands)
    if op == "cmpxchg":
        return compare_exchanged(operands)
    if op in TWO and len(operands) > 1 or op in ONE or op == "xadd":
        return changed(op, operands, lock)

    def unknown(path):
        raise SystemExit(f"unknown instruction: {text}")
    return unknown, False
