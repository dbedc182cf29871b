# SPDX-License-Identifier: MIT OR Apache-2.0
"""The instructions of RV64 that compilers use in races/, as objdump -M no-aliases writes them."""
import re

options = ["-M", "no-aliases"]
arguments = [f"a{i}" for i in range(8)]
result = "a0"
ALL = (1 << 64) - 1
SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}


def enter(path, stack, back):
    path.put("sp", stack)
    path.put("ra", back)


def leave(path):
    path.pc = path.get("ra")[0]


def signed(found, bits=64):
    found &= (1 << bits) - 1
    return found - (1 << bits) if found >> bits - 1 else found


def get(path, register):
    return (0, 0) if register == "zero" else path.get(register)


def put(path, register, found, taint=0):
    if register != "zero":
        path.put(register, found, taint)


ARITHMETIC = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "and": lambda a, b: a & b, "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b, "sll": lambda a, b: a << (b & 63), "srl": lambda a, b: a >> (b & 63),
    "sra": lambda a, b: signed(a) >> (b & 63), "slt": lambda a, b: signed(a) < signed(b), "sltu": lambda a, b: a < b & ALL,
    "mul": lambda a, b: a * b,
    "addw": lambda a, b: signed(a + b, 32), "subw": lambda a, b: signed(a - b, 32),
    "sllw": lambda a, b: signed(a << (b & 31), 32), "srlw": lambda a, b: signed((a & 0xFFFFFFFF) >> (b & 31), 32),
    "sraw": lambda a, b: signed(a, 32) >> (b & 31),
}
BRANCHES = {"beq": lambda a, b: a == b, "bne": lambda a, b: a != b, "blt": lambda a, b: signed(a) < signed(b),
            "bge": lambda a, b: signed(a) >= signed(b), "bltu": lambda a, b: a < b, "bgeu": lambda a, b: a >= b}
CHANGES = {"add": lambda a, b: a + b, "or": lambda a, b: a | b, "and": lambda a, b: a & b, "xor": lambda a, b: a ^ b,
           "swap": lambda a, b: b}


def whole(op, parts):
    """A compressed instruction in its long form."""
    if op == "nop":
        return "addi", ["zero", "zero", "0"]
    op = {"addi16sp": "addi", "addi4spn": "addi"}.get(op, op)
    op = {"ldsp": "ld", "sdsp": "sd", "lwsp": "lw", "swsp": "sw"}.get(op, op)
    if op == "mv":
        return "addi", [parts[0], parts[1], "0"]
    if op == "li":
        return "addi", [parts[0], "zero", parts[1]]
    if op in ("beqz", "bnez"):
        return op[:-1], [parts[0], "zero", parts[1]]
    if op == "j":
        return "jal", ["zero", parts[0]]
    if op == "jr":
        return "jalr", ["zero", f"0({parts[0]})"]
    if op == "jalr" and len(parts) == 1:
        return "jalr", ["ra", f"0({parts[0]})"]
    if op == "ret":
        return "jalr", ["zero", "0(ra)"]
    if len(parts) == 2 and op in ("add", "sub", "and", "or", "xor", "addi", "addiw", "andi", "slli", "srli", "srai", "addw",
                                  "subw"):
        return op, [parts[0], parts[0], parts[1]]
    return op, parts


def tags_of(suffix):
    """.aq and .rl of an atomic instruction."""
    return ("acquire",) * ("aq" in suffix) + ("release",) * ("rl" in suffix)


def atomic(op, parts):
    match = re.fullmatch(r"(lr|sc|amo\w+)\.([wd])(\..*)?", op)
    kind, size, tags = match[1], SIZES[match[2]], tags_of(match[3] or "")
    base = re.fullmatch(r"\(?(\w+)\)?", parts[-1])[1]

    def run(path):
        at = get(path, base)
        before = len(path.events)
        if kind == "sc":
            if not path.monitor or path.monitor[0] != at[0]:
                put(path, parts[0], 1)
                return
            path.store(at, size, get(path, parts[1]), tags + ("exclusive",), path.monitor[1])
            path.monitor = None
            put(path, parts[0], 0)
            return
        old, taint = path.load(at, size, tags + ("exclusive" if kind == "lr" else "amo",))
        read = before if len(path.events) > before else None
        if kind == "lr":
            path.monitor = (at[0], read)
        else:
            given, more = get(path, parts[1])
            new = CHANGES[kind[3:]](old, given)
            path.store(at, size, (new, more | (taint if kind != "amoswap" else 0)), tags + ("amo",), read)
        put(path, parts[0], signed(old, 8 * size), taint)
    return run, True


def memory(op, parts):
    size, base = SIZES[op[1]], re.fullmatch(r"(-?\w+)\((\w+)\)", parts[1])

    def run(path):
        at, taint = get(path, base[2])
        at = (at + int(base[1], 0) & ALL, taint)
        if op[0] == "s":
            path.store(at, size, get(path, parts[0]))
        else:
            found, more = path.load(at, size)
            put(path, parts[0], found if op.endswith("u") else signed(found, 8 * size), more)
    return run, True


def jump(op, parts):
    def run(path):
        back = path.pc
        if op == "jal":
            target = int(parts[-1], 16)
        else:
            base = re.fullmatch(r"(-?\w+)\((\w+)\)", parts[-1])
            found, taint = get(path, base[2])
            path.depend(taint)
            target = found + int(base[1], 0)
        put(path, parts[0], back)
        path.pc = target
    return run, False


def branch(op, parts):
    def run(path):
        (a, taint), (b, more) = get(path, parts[0]), get(path, parts[1])
        path.depend(taint | more)
        if BRANCHES[op](a, b):
            path.pc = int(parts[2], 16)
    return run, False


def arithmetic(op, parts):
    change = ARITHMETIC.get(op) or ARITHMETIC["sltu" if op == "sltiu" else op[:-1] if op[-1] == "i" else op[:-2] + "w"]

    def run(path):
        a, taint = get(path, parts[1])
        if op in ARITHMETIC:
            b, more = get(path, parts[2])
        else:
            b, more = int(parts[2], 0) & ALL, 0
        put(path, parts[0], int(change(a, b)), taint | more)
    return run, False


def fence(parts):
    before, after = parts if parts else ("rw", "rw")
    letters = {"r": "r", "w": "w", "i": "", "o": ""}
    tag = "".join(letters[x] for x in before) + "," + "".join(letters[x] for x in after)
    return (lambda path: path.fence(tag)), False


def decode(text, end):
    op, _, rest = text.partition(" ")
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    if op.startswith("c.") or op == "ret":
        op, parts = whole(op.removeprefix("c."), parts)
    if op in ("fence", "fence.tso"):
        return fence(parts) if op == "fence" else ((lambda path: path.fence("tso")), False)
    if re.match(r"(lr|sc|amo\w+)\.", op):
        return atomic(op, parts)
    if op == "fence.i":
        return (lambda path: None), False
    if op in ("jal", "jalr"):
        return jump(op, parts)
    if op in BRANCHES:
        return branch(op, parts)
    if op == "lui":
        return (lambda path: put(path, parts[0], signed(int(parts[1], 0) << 12, 32))), False
    if op == "auipc":
        start = end - 4
        return (lambda path: put(path, parts[0], start + signed(int(parts[1], 0) << 12, 32))), False
    if re.fullmatch(r"[ls][bhwd]u?", op):
        return memory(op, parts)
    try:
        return arithmetic(op, parts)
    except KeyError:
        pass

    def unknown(path):
        raise SystemExit(f"unknown instruction: {text}")
    return unknown, False
