# SPDX-License-Identifier: MIT OR Apache-2.0
"""The instructions of AArch64 that compilers use in races/, as objdump -M no-aliases writes them."""
import re

options = ["-M", "no-aliases"]
arguments = [f"x{i}" for i in range(8)]
result = "x0"
ALL = (1 << 64) - 1
COUNTS = {"lsl": lambda v, n: v << n, "lsr": lambda v, n: v >> n}


def enter(path, stack, back):
    path.put("sp", stack)
    path.put("x30", back)


def leave(path):
    path.pc = path.get("x30")[0]


def number(text):
    return int(text.lstrip("#"), 0)


def width(register):
    return 4 if register[0] == "w" else 8


def name(register):
    return re.sub(r"^w(?=\d)", "x", register)


def value(path, register):
    if register in ("xzr", "wzr"):
        return 0, 0
    found, taint = path.get("sp" if register == "wsp" else name(register))
    return (found & 0xFFFFFFFF if register[0] == "w" else found), taint


def put(path, register, result_, taint):
    if register not in ("xzr", "wzr"):
        path.put(name(register), result_ & (0xFFFFFFFF if register[0] == "w" else ALL), taint)


def signed(found, bits):
    found &= (1 << bits) - 1
    return found - (1 << bits) if found >> bits - 1 else found


def split(text):
    return [part.strip() for part in re.findall(r"\[[^\]]*\]!?|[^,\[]+", text) if part.strip()]


def operand(parts, bits):
    """A function of the path: the value of a register or number with its shift or extension."""
    first = parts[0]
    if first[0] == "#":
        shift = number(parts[1].split()[1]) if len(parts) > 1 else 0
        return lambda path: (number(first) << shift, 0)
    how, *count = parts[1].split() if len(parts) > 1 else ("lsl", "#0")
    count = number(count[0]) if count else 0

    def get(path):
        found, taint = value(path, first)
        if how[:3] in ("sxt", "uxt"):
            size = {"b": 8, "h": 16, "w": 32, "x": 64}[how[3]]
            found = signed(found, size) if how[0] == "s" else found & (1 << size) - 1
            return found << count & ALL, taint
        if how == "asr":
            return signed(found, bits) >> count, taint
        return COUNTS[how](found, count), taint
    return get


def flags(path, a, b, carry, bits):
    """Of a + b + carry."""
    total = (a & (1 << bits) - 1) + (b & (1 << bits) - 1) + carry
    found = total & (1 << bits) - 1
    over = signed(a, bits) + signed(b, bits) + carry
    return found, (found >> bits - 1, found == 0, total >> bits & 1, over != signed(found, bits))


def holds(condition, nzcv):
    n, z, c, v = nzcv
    found = {"eq": z, "cs": c, "mi": n, "vs": v, "hi": c and not z, "ge": n == v, "gt": n == v and not z,
             "ne": not z, "cc": not c, "pl": not n, "vc": not v, "ls": not (c and not z), "lt": n != v,
             "le": not (n == v and not z), "al": True}
    return bool(found[{"hs": "cs", "lo": "cc"}.get(condition, condition)])


def arithmetic(op, parts):
    to, left = parts[:2]
    bits = 8 * width(to if to not in ("sp",) else "x0")
    get = operand(parts[2:], bits)

    def run(path):
        a, taint = value(path, left)
        b, more = get(path)
        base = op.rstrip("s") if op != "subs" else "sub"
        if base in ("add", "sub", "subs"):
            found, nzcv = flags(path, a, b if base == "add" else ~b, base != "add", bits)
        else:
            if base in ("bic", "orn", "eon"):
                b = ~b
            found = {"and": a & b, "bic": a & b, "orr": a | b, "orn": a | b, "eor": a ^ b, "eon": a ^ b}[base]
            found &= (1 << bits) - 1
            nzcv = (found >> bits - 1, found == 0, 0, 0)
        if op in ("adds", "subs", "ands", "bics"):
            path.registers["flags"] = (nzcv, taint | more)
        put(path, to, found, taint | more)
    return run, False


def field(op, parts):
    to, source, rotate, top = parts[0], parts[1], number(parts[2]), number(parts[3])
    bits = 8 * width(to)

    def run(path):
        found, taint = value(path, source)
        size = top + 1 if top < rotate else top - rotate + 1
        shift = bits - rotate if top < rotate else 0
        piece = (found if top < rotate else found >> rotate) & (1 << size) - 1
        if op == "sbfm":
            piece = signed(piece, size)
        if op == "bfm":
            old, more = value(path, to)
            hole = ((1 << size) - 1) << shift
            put(path, to, old & ~hole | piece << shift & hole, taint | more)
        else:
            put(path, to, piece << shift, taint)
    return run, False


def moved(op, parts):
    shift = number(parts[2].split()[1]) if len(parts) > 2 else 0
    amount = number(parts[1]) << shift

    def run(path):
        if op == "movk":
            old, taint = value(path, parts[0])
            put(path, parts[0], old & ~(0xFFFF << shift) | amount, taint)
        else:
            put(path, parts[0], ~amount if op == "movn" else amount, 0)
    return run, False


def chosen(op, parts):
    to, left, right, condition = parts

    def run(path):
        nzcv, taint = path.registers["flags"]
        if holds(condition, nzcv):
            found, more = value(path, left)
        else:
            found, more = value(path, right)
            found = {"csel": found, "csinc": found + 1, "csinv": ~found, "csneg": -found}[op]
        put(path, to, found, taint | more)
    return run, False


def compared(op, parts):
    """ccmp, ccmn"""
    left, right, otherwise, condition = parts
    bits = 8 * width(left)
    get = operand([right], bits)

    def run(path):
        nzcv, taint = path.registers["flags"]
        a, more = value(path, left)
        b, most = get(path)
        if holds(condition, nzcv):
            nzcv = flags(path, a, ~b if op == "ccmp" else b, op == "ccmp", bits)[1]
        else:
            bits_ = number(otherwise)
            nzcv = (bits_ >> 3 & 1, bool(bits_ >> 2 & 1), bits_ >> 1 & 1, bool(bits_ & 1))
        path.registers["flags"] = (nzcv, taint | more | most)
    return run, False


def place(parts):
    """The address of a memory operand, and its write-back."""
    text, *after = parts
    inner = split(text.strip("[]!"))
    base, rest = inner[0], inner[1:]
    get = operand(rest, 64) if rest else lambda path: (0, 0)

    def find(path):
        at, taint = value(path, base)
        offset, more = get(path)
        moved_to = (at + offset) & ALL
        if after:
            path.put(base, at + number(after[0]), taint)
            return at, taint
        if text.endswith("!"):
            path.put(base, moved_to, taint)
        return moved_to, taint | more
    return find


SIZES = {"b": 1, "h": 2, "sw": 4}


def loaded(op, parts):
    tags = ("acquire",) if op.startswith("lda") else ()
    exclusive = "x" in op[2:] and op[2] in "ax"
    pair = op in ("ldp", "ldxp", "ldpsw")
    registers, where = (parts[:2], parts[2:]) if pair else (parts[:1], parts[1:])
    suffix = re.sub(r"^(ldaxr|ldxr|ldar|ldur|ldr|ldp|ldapr)", "", op)
    signs = suffix.startswith("s")
    size = SIZES.get(suffix.lstrip("s") if suffix != "sw" else "sw") or width(registers[0])
    find = place(where)

    def run(path):
        at, address = find(path)
        for register in registers:
            before = len(path.events)
            found, taint = path.load((at, address), size, tags)
            if exclusive:
                path.monitor = (at, before if len(path.events) > before else None)
            put(path, register, signed(found, 8 * size) if signs else found, taint)
            at += size
    return run, True


def stored(op, parts):
    tags = ("release",) if op.startswith("stl") else ()
    exclusive = op.startswith(("stxr", "stlxr"))
    status, parts = (parts[0], parts[1:]) if exclusive else (None, parts)
    pair = op == "stp"
    registers, where = (parts[:2], parts[2:]) if pair else (parts[:1], parts[1:])
    suffix = re.sub(r"^(stlxr|stxr|stlr|stur|str|stp)", "", op)
    size = SIZES.get(suffix) or width(registers[0])
    find = place(where)

    def run(path):
        at, address = find(path)
        rmw = None
        if exclusive:
            if not path.monitor or path.monitor[0] != at:
                put(path, status, 1, 0)
                return
            rmw, path.monitor = path.monitor[1], None
            put(path, status, 0, 0)
        for register in registers:
            path.store((at, address), size, value(path, register), tags, rmw)
            at += size
    return run, True


def atomic(op, parts):
    match = re.fullmatch(r"(cas|swp|ld(?:add|clr|set|eor)|st(?:add|clr|set|eor))(a?)(l?)", op)
    change = match[1].replace("st", "ld", 1) if match[1].startswith("st") else match[1]
    first, second = (parts[0], parts[1]) if match[1][:2] != "st" else (parts[0], "xzr")
    read = ("amo",) + ("acquire",) * bool(match[2])
    write = ("amo",) + ("release",) * bool(match[3])
    size = width(first)
    find = place(parts[-1:])

    def run(path):
        at = find(path)
        before = len(path.events)
        old, taint = path.load(at, size, read)
        rmw = before if len(path.events) > before else None
        given, more = value(path, first)
        if change == "cas":
            path_value = value(path, second)
            if old == given:
                path.store(at, size, path_value, write, rmw)
            put(path, first, old, taint)
            return
        new = {"swp": given, "ldadd": old + given, "ldclr": old & ~given, "ldset": old | given, "ldeor": old ^ given}[change]
        path.store(at, size, (new, more | (taint if change != "swp" else 0)), write, rmw)
        put(path, second, old, taint)
    return run, True


def branch(op, parts):
    if op == "ret":
        return (lambda path: setattr(path, "pc", path.get("x30")[0])), False
    if op in ("br", "blr"):
        def run(path):
            target, taint = path.get(parts[0])
            path.depend(taint)
            if op == "blr":
                path.put("x30", path.pc)
            path.pc = target
        return run, False
    target = int(parts[-1], 16)
    if op in ("b", "bl"):
        def run(path):
            if op == "bl":
                path.put("x30", path.pc)
            path.pc = target
        return run, False

    def run(path):
        if op.startswith("b."):
            nzcv, taint = path.registers["flags"]
            taken = holds(op[2:], nzcv)
        else:
            found, taint = value(path, parts[0])
            if op in ("tbz", "tbnz"):
                found = found >> number(parts[1]) & 1
            taken = (found == 0) == (op in ("cbz", "tbz"))
        path.depend(taint)
        if taken:
            path.pc = target
    return run, False


def barrier(op, parts):
    if op == "isb":
        tag = "isb"
    else:
        tag = {"ish": "full", "sy": "full", "ishld": "loads", "ishst": "stores"}[parts[0]]
    return (lambda path: path.fence(tag)), False


def nothing(path):
    pass


def decode(text, end):
    op, _, rest = text.partition(" ")
    parts = split(rest)
    if op in ("add", "sub", "adds", "subs", "and", "ands", "orr", "eor", "bic", "bics", "orn", "eon"):
        return arithmetic(op, parts)
    if op in ("ubfm", "sbfm", "bfm"):
        return field(op, parts)
    if op in ("movz", "movn", "movk"):
        return moved(op, parts)
    if op in ("csel", "csinc", "csinv", "csneg"):
        return chosen(op, parts)
    if op in ("ccmp", "ccmn"):
        return compared(op, parts)
    if op in ("adr", "adrp"):
        return (lambda path: path.put(parts[0], int(parts[1], 16))), False
    if op in ("ret", "br", "blr", "b", "bl", "cbz", "cbnz", "tbz", "tbnz") or op.startswith("b."):
        return branch(op, parts)
    if op in ("dmb", "dsb", "isb"):
        return barrier(op, parts)
    if op == "clrex":
        return (lambda path: setattr(path, "monitor", None)), False
    if op in ("hint", "nop"):
        return nothing, False
    if re.fullmatch(r"(cas|swp|(ld|st)(add|clr|set|eor))a?l?", op):
        return atomic(op, parts)
    if op.startswith("ld"):
        return loaded(op, parts)
    if op.startswith("st"):
        return stored(op, parts)

    def unknown(path):
        raise SystemExit(f"unknown instruction: {text}")
    return unknown, False
