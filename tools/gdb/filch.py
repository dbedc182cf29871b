# SPDX-License-Identifier: MIT OR Apache-2.0
"""Commands for gdb that show the workers and fibers of a process that uses Filch, or of its core file:

  filch workers         each worker: its thread, what it does, the fiber that it runs, and the task
  filch fibers          each fiber with a task: running, ready or waiting, in which call, for what, where started
  filch bt FIBER [N]    the call stack of a fiber that does not run, at most N frames; FIBER may be `all`

gdb loads them with libfilch.so if they are installed where it looks (docs/debugging.md); otherwise:

  gdb -p PID -x tools/gdb/filch.py

They read the library's own types, so it must have debug information. They change nothing in the process."""
import collections
import re

import gdb
import gdb.unwinder

# A stack that does not run, from its saved pointer upwards: runtime/platform/switch_*.S. `bits` of an address are used: the
# others may hold a signature of the return address.
Saved = collections.namedtuple("Saved", "pointer counter words size bits")
SAVED = {
    "i386:x86-64": Saved("rsp", "rip", (None, "r15", "r14", "r13", "r12", "rbx", "rbp", "rip"), 64, 64),
    "aarch64": Saved("sp", "pc", ("x29", "pc", *(f"x{i}" for i in range(19, 29))), 176, 48),
}


# ---- The library's data ----

def value(atomic):
    return atomic["filch_value"]


def text(pointer, otherwise="-"):
    return pointer.cast(gdb.lookup_type("char").pointer()).string() if int(pointer) else otherwise


def constant(name):
    return int(gdb.parse_and_eval(name))


def has(expression):
    try:
        gdb.parse_and_eval(expression)
    except gdb.error:
        return False
    return True


def runtimes():
    """Every runtime of the process, the oldest first, by the list of residents (runtime/platform/live_runtimes.c)."""
    if not gdb.selected_thread():
        raise gdb.GdbError("filch: there is no process; start the program, attach to it, or open a core file")
    if not has("(long)&filch_runtime_create"):
        raise gdb.GdbError("filch: the program does not use Filch")
    if not has("sizeof(fl_runtime)"):
        raise gdb.GdbError("filch: the library has no debug information; install libfilch0-dbgsym, or build it with `cmake --preset debug`")
    kind = gdb.lookup_type("fl_runtime")
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == "resident")
    found = []
    one = gdb.parse_and_eval("'live_runtimes.c'::residents.first")
    while int(one):
        found.insert(0, gdb.Value(int(one) - offset).cast(kind.pointer()))
        one = one["next"]
    if not found:
        raise gdb.GdbError("filch: the process has no runtime: none is created yet, or all are destroyed")
    return found


def workers(rt):
    return [rt["worker"][i] for i in range(int(value(rt["worker_set"]["reach"])))]


def deque_fibers(deque):
    """The fibers among the items of a ready deque (sched/deque.h)."""
    fiber, mask = constant("FL_ITEM_FIBER"), constant("FL_ITEM_MASK")
    buffer = value(deque["buffer"]).cast(gdb.lookup_type("fl_buffer").pointer())
    top, bottom = int(value(deque["top"])), int(value(deque["bottom"]))
    items = [int(value(buffer["items"][i % int(buffer["size"])])) for i in range(top, bottom)]
    return [item & ~mask for item in items if item & mask == fiber]


def inbox_fibers(inbox):
    """The fibers among the work items of the inbox (runtime/engine/inbox.h)."""
    kind = gdb.lookup_type("fl_work_item").pointer()
    node = inbox["head"]["node"]["next"]
    while int(node):
        item = node.cast(kind)
        if int(item["kind"]) == constant("FL_WORK_ITEM_FIBER"):
            yield int(item["as"]["fiber"])
        node = node["next"]


class Fiber:
    """A fiber, with all that the commands show of it."""

    def __init__(self, fiber, number, running, ready):
        self.value = fiber
        self.number = number
        self.worker = running.get(int(fiber))
        self.call = value(fiber["waits_in"])
        if self.worker is not None:
            self.state = "running"
        elif not int(value(fiber["suspended"])):
            self.state = "idle"
        else:
            self.state = "ready" if int(fiber) in ready else "waiting"

    def task(self):
        if int(self.value["running"]["pooled"]):
            return text(self.value["running"]["pooled_name"])
        return text(self.value["running"]["root"]["name"]) if int(self.value["running"]["root"]) else "-"

    def waits_in(self):
        if self.state == "running":
            return f"(worker {self.worker})"
        what = int(value(self.value["waits_for"]))
        return text(self.call) + (f" for {what:#x}" if what else "")

    def started(self):
        file = self.value["running"]["root_file"]
        return f"{text(file)}:{int(self.value['running']['root_line'])}" if int(file) else "-"


def fibers(rt, prefix):
    """Every fiber of a runtime: each has a unit of an arena (runtime/platform/memory/arena.h)."""
    kind = gdb.lookup_type("fl_fiber").pointer()
    all_workers = workers(rt)
    running = {int(worker["running"]): int(worker["index"]) for worker in all_workers}
    ready = set(inbox_fibers(rt["inbox"]))
    for worker in all_workers:
        ready.update(deque_fibers(worker["ready"]))
    table = rt["fibers"]
    for number in range(int(table["arenas"])):
        arena = table["arena"][number]
        for unit in range(int(arena["used"])):
            low = arena["base"] + unit * int(table["layout"]["unit"])
            fiber = (low + int(table["layout"]["header_at"])).cast(kind)
            if not int(fiber["number"]):
                raise gdb.GdbError("filch: the core file lacks the memory of fibers; gdb's gcore leaves out memory with guard "
                                   "pages: use a core file of the kernel")
            yield Fiber(fiber, f"{prefix}{int(fiber['number'])}", running, ready)


def each_runtime():
    """Each runtime with the beginning of its fibers' numbers: R. if there are several."""
    found = runtimes()
    return [(rt, f"{i}." if len(found) > 1 else "") for i, rt in enumerate(found, 1)]


def all_fibers():
    return [fiber for rt, prefix in each_runtime() for fiber in fibers(rt, prefix)]


# ---- Tables ----

def show(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def thread_of(worker):
    """gdb's number of a worker's thread; `-` if the system has no libthread_db for it."""
    try:
        thread = gdb.selected_inferior().thread_from_handle(worker["thread"]["id"])
    except gdb.error:
        thread = None
    return str(thread.num) if thread else "-"


def doing(worker):
    kinds = {constant("FL_WORKING"): "working", constant("FL_SEARCHING"): "searching",
             constant("FL_SLEEPING"): "sleeping", constant("FL_RETIRED"): "retired"}
    since = int(value(worker["times"]["since"]))
    return kinds[since % constant("FL_DOINGS")] if since else "-"


class Filch(gdb.Command):
    """Workers and fibers of Filch: filch workers, filch fibers, filch bt FIBER."""

    def __init__(self):
        super().__init__("filch", gdb.COMMAND_STACK, prefix=True)


class Workers(gdb.Command):
    """filch workers: each worker with its thread, what it does, the fiber that it runs, and the task of that fiber."""

    def __init__(self):
        super().__init__("filch workers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        rows = [("worker", "thread", "state", "fiber", "task")]
        for rt, prefix in each_runtime():
            for worker in workers(rt):
                state, number = doing(worker), int(worker["running"]["number"]) if int(worker["running"]) else 0
                task = Fiber(worker["running"], number, {}, ()).task() if number and state == "working" else "-"
                rows.append((f"{prefix}{int(worker['index'])}", thread_of(worker), state,
                             f"{prefix}{number}" if number else "-", task))
        show(rows)


class Fibers(gdb.Command):
    """filch fibers: each fiber that runs or waits, with its task, the call that it waits in and the object that it waits for,
and the place where the task was started. A ready fiber lies in a queue of the runtime and will go on."""

    def __init__(self):
        super().__init__("filch fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        found = all_fibers()
        listed = [fiber for fiber in found if fiber.state != "idle"]
        show([("fiber", "state", "task", "waits in", "started at")] +
             [(fiber.number, fiber.state, fiber.task(), fiber.waits_in(), fiber.started()) for fiber in listed])
        waiting = sum(fiber.state == "waiting" for fiber in listed)
        print(f"{waiting} waiting fibers, {len(found) - len(listed)} idle ones")


# ---- Call stacks ----

class Suspended(gdb.unwinder.Unwinder):
    """Lets the innermost frame of the selected thread return into a fiber that does not run. So gdb walks that fiber's stack,
and no register is written, which a core file would refuse."""

    Id = collections.namedtuple("Id", "sp pc")

    def __init__(self):
        super().__init__("filch")
        self.here = self.top = self.saved = None

    def __call__(self, pending):
        if self.top is None or self.here != (int(pending.read_register("sp")), int(pending.read_register("pc"))):
            return None
        words = gdb.Value(self.top).cast(gdb.lookup_type("unsigned long").pointer())
        values = {name: int(words[i]) for i, name in enumerate(self.saved.words) if name}
        values[self.saved.counter] &= (1 << self.saved.bits) - 1
        values[self.saved.pointer] = self.top + self.saved.size
        info = pending.create_unwind_info(self.Id(gdb.Value(self.top), gdb.Value(values[self.saved.counter])))
        for name, number in values.items():
            info.add_saved_register(name, gdb.Value(number).cast(pending.read_register(name).type))
        return info

    def frames(self, fiber, most):
        """The lines of a backtrace of the fiber."""
        processor = gdb.newest_frame().architecture().name()
        if processor not in SAVED:
            raise gdb.GdbError(f"filch: unknown processor {processor} (valid: {', '.join(SAVED)})")
        switch = gdb.lookup_global_symbol("fl_switch_frame_make")
        if switch and switch.symtab.filename.endswith("switch_ucontext.c"):
            raise gdb.GdbError("filch: this library switches by ucontext, whose frames are unknown; build it without FILCH_UCONTEXT")
        selected, newest = gdb.selected_frame(), gdb.newest_frame()
        level = selected.level()
        self.here = (int(newest.read_register("sp")), int(newest.read_register("pc")))
        self.saved, self.top = SAVED[processor], int(fiber["context"]["sp"])
        try:
            gdb.invalidate_cached_frames()
            # The thread's own frame may be main's, where gdb would stop.
            lines = gdb.execute(f"with backtrace past-main on -- backtrace {most + 1 if most else ''}", to_string=True)
        finally:
            self.top = None
            gdb.invalidate_cached_frames()
            gdb.execute(f"frame level {level}", to_string=True)
        # Number 0 is the thread's own frame.
        lines = lines[lines.index("\n#1 ") + 1:] if "\n#1 " in lines else "no frames: its stack cannot be read\n"
        return re.sub(r"^#(\d+) +", lambda match: f"#{int(match[1]) - 1:<3}", lines, flags=re.M)


class Backtrace(gdb.Command):
    """filch bt FIBER [N]: the call stack of a fiber that does not run, at most N frames. FIBER: a number of `filch fibers`, or
all. Skip the frames of the library up to the call that waits."""

    def __init__(self):
        super().__init__("filch bt", gdb.COMMAND_STACK)
        self.unwinder = Suspended()
        gdb.unwinder.register_unwinder(None, self.unwinder, replace=True)

    def show(self, fiber, most):
        place = f", started at {fiber.started()}" if fiber.started() != "-" else ""
        print(f"fiber {fiber.number}: task {fiber.task()}{place}, {fiber.state} in {fiber.waits_in()}")
        print(self.unwinder.frames(fiber.value, most), end="")

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if not 1 <= len(words) <= 2 or not all(word.isdigit() for word in words[1:]):
            raise gdb.GdbError("usage: filch bt FIBER [N] (FIBER: a number of `filch fibers`, or all; N: the most frames)")
        most = int(words[1]) if len(words) > 1 else 0
        found = all_fibers()
        if words[0] == "all":
            for fiber in found:
                if fiber.state in ("ready", "waiting"):
                    self.show(fiber, most)
            return
        named = [fiber for fiber in found if fiber.number == words[0]]
        if not named:
            raise gdb.GdbError(f"filch: no fiber {words[0]} (`filch fibers` lists them)")
        if named[0].state == "running":
            raise gdb.GdbError(f"filch: fiber {words[0]} runs on worker {named[0].worker}; `filch workers` names its thread, "
                               "which `thread` selects for `backtrace`")
        if named[0].state == "idle":
            raise gdb.GdbError(f"filch: fiber {words[0]} is idle: it has no task")
        self.show(named[0], most)


Filch()
Workers()
Fibers()
Backtrace()
