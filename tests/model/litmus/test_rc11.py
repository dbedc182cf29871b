#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The axioms of rc11.py: each part matters to a program of the table, and four laws hold for all programs.

No verdict is typed here. The laws judge the enumerator from outside. Outcomes of interleavings are allowed; if all accesses are
seq_cst, no others are. A weaker order forbids nothing that a stronger one allows. The paper's psc and the order S of the
standard's text give the same outcomes."""
import dataclasses
import functools
import sys

sys.dont_write_bytecode = True
import programs  # noqa: E402
import rc11  # noqa: E402

# Parts that follow from the others, and why.
IMPLIED = {
    "psc: fences by hb": "a path of hb between fences that begins or ends with sb is in the base; any other one leads over a "
                         "release sequence, so over eco",
}
WEAKER = {"seq_cst": ("acq_rel", "acquire", "release"), "acq_rel": ("acquire", "release"), "acquire": ("relaxed",),
          "release": ("relaxed",)}
# Programs of which the standard's text allows less than the paper's axioms, and why.
STANDARD_FORBIDS = {
    "iriw_loads_seq_cst": "coherence-ordered before leads from a load over another thread's store to a load that reads it; "
                          "scb has rb and mo, but no path through rf",
}
failures = []


@functools.lru_cache(maxsize=None)
def outcomes_of(threads, finals):
    return frozenset(rc11.outcomes(programs.Program("", "", threads, finals)))


def outcomes(program):
    """Weaker and stronger programs are often the same."""
    return outcomes_of(program.threads, program.finals)


def complain(text):
    failures.append(text)
    print(text)


def first_change(table, whole, part):
    """The first program whose outcomes change, with the new ones; or None."""
    for program in table:
        found = rc11.outcomes(program, {part})
        if found != whole[program.name]:
            return program.name, found
    return None


def parts_matter(table, whole):
    for part in (*rc11.PARTS, *rc11.LIMITS):
        change = first_change(table, whole, part)
        if bool(change) == (part in IMPLIED):
            complain(f"'{part}': {'some' if change else 'no'} program's outcomes change with it "
                     f"({'IMPLIED says none' if change else 'add one to programs.txt'})")
        if change:
            name, found = change
            if not (found < whole[name] if part in rc11.LIMITS else found > whole[name]):
                complain(f"'{part}': {name} changes the wrong way: {' '.join(sorted(found))}")


def standard_agrees(program, whole):
    """The standard's own definition of the order of seq_cst operations, where the paper's is not weaker on purpose."""
    found = rc11.outcomes(program, {rc11.STANDARD})
    if found != whole and not (program.name in STANDARD_FORBIDS and found < whole):
        complain(f"{program.name}: by the standard's text {' '.join(sorted(found))}, by the paper "
                 f"{' '.join(sorted(whole))}")
    if found == whole and program.name in STANDARD_FORBIDS:
        complain(f"{program.name}: STANDARD_FORBIDS says that the standard's text differs, and it does not")


def interleavings(program):
    """The outcomes of one thread at a time and one memory; a fence does nothing."""
    found, seen = set(), set()

    def go(at, memory, registers):
        if (state := (at, *memory.values(), *sorted(registers.items()))) in seen:
            return
        seen.add(state)
        done = True
        for thread, operations in enumerate(program.threads):
            if at[thread] == len(operations):
                continue
            done = False
            operation = operations[at[thread]]
            new_memory, new_registers = dict(memory), dict(registers)
            if operation.word:
                value = memory[operation.word]
                if operation.register:
                    new_registers[operation.register] = value
                if operation.operand and (operation.change != "cas" or value == operation.expected):
                    new_memory[operation.word] = operation.value(value, new_registers)
            go(at[:thread] + (at[thread] + 1,) + at[thread + 1:], new_memory, new_registers)
        if done:
            found.add("".join(str(registers[name]) for name in program.registers()) +
                      "".join(str(memory[word]) for word in program.finals))

    go((0,) * len(program.threads), dict.fromkeys(program.words(), 0), {})
    return found


def with_operations(program, change):
    """The program with change(thread, place, operation) in the place of each operation."""
    return dataclasses.replace(program, threads=tuple(
        tuple(change(thread, place, operation) for place, operation in enumerate(operations))
        for thread, operations in enumerate(program.threads)))


def interleavings_are_allowed(program, whole):
    seq_cst = with_operations(program, lambda thread, place, operation: dataclasses.replace(operation, order="seq_cst"))
    interleaved = interleavings(program)
    if not interleaved <= whole:
        complain(f"{program.name}: interleavings give {' '.join(sorted(interleaved - whole))}, which the axioms forbid")
    if any(operation.change == "cas" for operation in program.operations()):
        return  # one that fails stays relaxed
    if outcomes(seq_cst) != interleaved:
        complain(f"{program.name}: with all accesses seq_cst the axioms allow {' '.join(sorted(outcomes(seq_cst)))}, "
                 f"interleavings give {' '.join(sorted(interleaved))}")


def weaker_allows_more(program, whole):
    for thread, operations in enumerate(program.threads):
        for place, operation in enumerate(operations):
            allowed = programs.ALLOWED.get(operation.kind, programs.ORDERS[operation.kind == "fence":])
            for order in WEAKER.get(operation.order, ()):
                if order not in allowed:
                    continue
                weaker = with_operations(program, lambda t, p, same: dataclasses.replace(same, order=order)
                                         if (t, p) == (thread, place) else same)
                lost = whole - outcomes(weaker)
                if lost:
                    complain(f"{program.name}: {operation.kind} {place} of thread {thread} made {order} loses "
                             f"{' '.join(sorted(lost))}")


def main():
    table = programs.read(programs.TABLE.read_text(encoding="utf-8"))
    whole = {program.name: outcomes(program) for program in table}
    parts_matter(table, whole)
    for program in table:
        interleavings_are_allowed(program, whole[program.name])
        weaker_allows_more(program, whole[program.name])
        standard_agrees(program, whole[program.name])
    if failures:
        sys.exit(f"axioms of the litmus programs: {len(failures)} failures")
    print(f"{len(table)} programs; each of {len(rc11.PARTS) - len(IMPLIED)} parts of the axioms and {len(rc11.LIMITS)} limits "
          f"matters, {len(IMPLIED)} follows from others")


if __name__ == "__main__":
    main()
