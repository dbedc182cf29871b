# SPDX-License-Identifier: MIT OR Apache-2.0
"""Trace files made from events, by the words of runtime/trace/format.h. A tick is a nanosecond."""

import struct

HEADER, BLOCK, HEAD = 4096, 1 << 18, 64
OUTSIDE, NAMES = 0xFFFFFFFF, 0xFFFFFFFE
KINDS = {kind: number for number, kind in enumerate(
    "DOES PREEMPTED GIFT FORCED READY_STEAL WAKE SWITCH WAIT RESUME GO_ON SUBMIT JOB JOB_END TASK TASK_END POOLED POOLED_END "
    "MARK SPAN SPAN_END FORK RUN RUN_END JOIN JOINED FREE TAKEN GIVEN LOOP LOOP_TIME".split(), 1)}
WORKING, SEARCHING, SLEEPING = 0, 1, 2  # enum fl_doing, sched/times.h


def _blocks(writer, content):
    room = BLOCK - HEAD
    for sequence, at in enumerate(range(0, max(len(content), 1), room)):
        part = content[at:at + room]
        head = struct.pack("<QIIQQqQ", len(part), writer, 0, sequence, 1000, 1000, 0)
        yield head.ljust(HEAD, b"\0") + part.ljust(room, b"\0")


def write(path, workers, length, names, events, level=0):
    """events: (writer, ns, kind, a, b), in the order of each writer's times. level: 1: tasks."""
    contents = {}
    for writer, ns, kind, a, b in events:
        contents.setdefault(writer, bytearray()).extend(struct.pack("<QII", ns << 8 | KINDS[kind], a, b))
    with open(path, "wb") as out:
        header = struct.pack("<8sIIIIIIIIQqqqQQQQQ256s", b"filchtrc", 0x01020304, 1, HEADER, BLOCK, 1, level, workers, 0, 1, 0,
                             1000, 1000 + length, 1000, 1000 + length, 0, 0, 0, b"made <program>")
        out.write(header.ljust(HEADER, b"\0"))
        for block in _blocks(NAMES, b"\0".join(name.encode("latin-1") for name in names) + b"\0"):
            out.write(block)
        for writer, content in contents.items():
            for block in _blocks(writer, bytes(content)):
                out.write(block)
