# SPDX-License-Identifier: MIT OR Apache-2.0
"""A command for gdb that lists suspended tasks, on x86-64 with their call stacks. It needs a running process, and a library
with debug information:

  gdb -p PID -x tools/gdb/filch.py -ex filch-tasks

`filch-tasks 3` shows three frames of each stack (all: no number)."""
import gdb

# By processor: the registers that a switch saves, in the order of runtime/platform/switch_*.S from the saved stack pointer on.
SAVED = {"i386:x86-64": ("rsp", [None, "r15", "r14", "r13", "r12", "rbx", "rbp", "rip"])}


def runtimes():
    """Every runtime of the process, by the list of residents (runtime/platform/residents.c)."""
    kind = gdb.lookup_type("fl_runtime")
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == "resident")
    one = gdb.parse_and_eval("residents.first")
    while int(one):
        yield gdb.Value(int(one) - offset).cast(kind.pointer())
        one = one["next"]


def fibers(rt):
    """Every fiber of a runtime: each has a unit of an arena (runtime/platform/arena.h)."""
    kind = gdb.lookup_type("fl_fiber").pointer()
    table = rt["fibers"]
    for number in range(int(table["arenas"])):
        arena = table["arena"][number]
        for unit in range(int(arena["used"])):
            yield (arena["base"] + unit * int(table["layout"]["unit"])).cast(kind)


def text(pointer, otherwise):
    return pointer.cast(gdb.lookup_type("char").pointer()).string() if int(pointer) else otherwise


def show_stack(sp, frames):
    """Lets the selected thread look as if it ran on the stack that a switch left at sp."""
    pointer, names = SAVED[gdb.selected_frame().architecture().name()]
    words = gdb.Value(sp).cast(gdb.lookup_type("long").pointer())
    values = {name: int(words[i]) for i, name in enumerate(names) if name}
    values[pointer] = sp + 8 * len(names)
    before = {name: int(gdb.parse_and_eval(f"(long)${name}")) for name in values}
    try:
        for name, value in values.items():
            gdb.execute(f"set ${name} = {value}")
        gdb.execute(f"backtrace {frames}")
    except gdb.error as error:
        print(f"  no call stack: {error}")
    finally:
        for name, value in before.items():
            gdb.execute(f"set ${name} = {value}")


class Tasks(gdb.Command):
    """filch-tasks [FRAMES]: suspended tasks, the call in which each waits, and its stack."""

    def __init__(self):
        super().__init__("filch-tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        known = gdb.selected_frame().architecture().name() in SAVED
        listed = [fiber for rt in runtimes() for fiber in fibers(rt) if int(fiber["suspended"]["filch_value"])]
        for fiber in listed:
            root, call, waits_for = fiber["root"], fiber["waits_in"]["filch_value"], fiber["waits_for"]["filch_value"]
            name = text(root["name"], "?") if int(root) else "?"
            started = f", started at {text(fiber['root_file'], '?')}:{int(fiber['root_line'])}" if int(fiber["root_file"]) else ""
            print(f"task {name}{started}, waits in {text(call, '?')} for {int(waits_for):#x}")
            if known:
                show_stack(int(fiber["context"]["sp"]), argument)
        print(f"{len(listed)} suspended tasks")


Tasks()
