#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the rows of tests/model/litmus.c from the table of programs: a function for each, with the outcomes that the axioms
allow.

    generate.py FILE
"""
import pathlib
import sys

sys.dont_write_bytecode = True
import programs  # noqa: E402
import rc11  # noqa: E402

CALLS = {"light": "filch_fence_light()", "heavy": "mc_membarrier(MC_HERE)", "fence": "filch_fence_seq_cst()"}
NAMES = ("first", "second", "third", "fourth", "fifth", "sixth")


def register_of(name):
    return f"r[{ord(name) - ord('a')}]"


def call_of(operation):
    if operation.kind in CALLS:
        return CALLS[operation.kind]
    order = f"FILCH_{operation.order.upper()}"
    operand = operation.operand and (register_of(operation.operand) if operation.operand.isalpha() else operation.operand)
    if operation.kind == "load":
        return f"filch_u32_load(&{operation.word}, {order})"
    if operation.change == "cas":
        return f"cas(&{operation.word}, {operation.expected}, {operand}, {order})"
    return f"filch_u32_{operation.change or 'store'}(&{operation.word}, {operand}, {order})"


def statement(operation):
    return (f"{register_of(operation.register)} = " if operation.register else "") + call_of(operation) + ";"


def function(program):
    """The threads, then the outcome as a format and its values."""
    lines = [f"static void {program.name}(unsigned thread)", "{", "    switch (thread) {"]
    for thread, operations in enumerate(program.threads):
        lines += [f"    case {thread}:", *(f"        {statement(operation)}" for operation in operations), "        break;"]
    values = [register_of(register) for register in program.registers()]
    values += [f"filch_u32_load(&{word}, FILCH_RELAXED)" for word in program.finals]
    lines += ["    }", "}", "", f"static void end_{program.name}(void)", "{", "    char word[16];",
              f"    snprintf(word, sizeof word, \"{'%u' * len(values)}\", {', '.join(values)});",
              "    mc_outcome(word);", "}", ""]
    return "\n".join(lines)


def row(program):
    threads = ", ".join(f'"{name}"' for name in NAMES[:len(program.threads)])
    outcomes = " ".join(sorted(rc11.outcomes(program)))
    return (f'    {{"{program.name}", "{program.what}", {{{threads}}}, setup, {program.name}, end_{program.name}, '
            f'.outcomes = "{outcomes}"}}')


def main():
    table = [program for program in programs.read(programs.TABLE.read_text(encoding="utf-8")) if program.runs()]
    rows = ", \\\n".join(map(row, table))
    text = "\n".join(["/* Generated from tests/model/litmus/programs.txt by generate.py. */", *map(function, table),
                      f"#define LITMUS_ROWS \\\n{rows}", ""])
    pathlib.Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
