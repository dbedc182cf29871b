# SPDX-License-Identifier: MIT OR Apache-2.0
"""Filters of system calls that do what four lines of a systemd unit do: RestrictAddressFamilies=, MemoryDenyWriteExecute=,
RestrictNamespaces= and SystemCallFilter= (systemd.exec(5)). A refused call fails as there."""
import ctypes
import errno
import functools
import socket
import subprocess

ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # actions of seccomp.h; the second with a number of errno
EQUAL, MASKED = 4, 7
FAMILIES = 46  # AF_MAX
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)  # CLONE_NEW...
WRITE_EXEC, EXEC = 6, 4


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("first", ctypes.c_uint64), ("second", ctypes.c_uint64)]


@functools.cache
def library():
    """libseccomp, or None where it is not installed."""
    try:
        found = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    found.seccomp_init.restype = ctypes.c_void_p
    found.seccomp_load.argtypes = [ctypes.c_void_p]
    found.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    return found


def load(default, rules):
    """A filter: an action, and (action, name of a call, comparisons of its arguments) for those that have another."""
    made = library().seccomp_init(default)
    for action, name, *compared in rules:
        call = library().seccomp_syscall_resolve_name(name.encode())
        rc = library().seccomp_rule_add_array(made, action, call, len(compared), (Comparison * len(compared))(*compared))
        if call != -1 and rc and rc != -errno.EACCES:  # of another kernel; as the default
            raise OSError(-rc, f"no rule for {name}")
    if library().seccomp_load(made):
        raise OSError("the filter cannot be loaded")


@functools.cache
def calls_of(name):
    """The system calls of a set, @NAME, or of one call."""
    if not name.startswith("@"):
        return {name}
    run = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True)
    rows = [line.strip() for line in run.stdout.splitlines()[1:]]
    return set().union(*(calls_of(row) for row in rows if row and row[0] != "#"))


def allowed_calls(values):
    """By systemd.exec(5): the first line makes a list of allowed calls, ~ takes away from it."""
    allowed = set()
    for value in values:
        for name in value.removeprefix("~").split():
            allowed = allowed - calls_of(name) if value[0] == "~" else allowed | calls_of(name)
    return allowed


def filters(unit):
    """Those of a unit's lines; the one that may refuse what installs the others is the last."""
    made = []
    if "RestrictAddressFamilies" in unit:
        allowed = {getattr(socket, name) for name in unit["RestrictAddressFamilies"][0].split()}
        made.append((ALLOW, [(REFUSE | errno.EAFNOSUPPORT, "socket", (0, EQUAL, family)) for family in set(range(FAMILIES)) - allowed]))
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        made.append((ALLOW, [(REFUSE | errno.EPERM, "mmap", (2, MASKED, WRITE_EXEC, WRITE_EXEC)),
                             *((REFUSE | errno.EPERM, name, (2, MASKED, EXEC, EXEC)) for name in ("mprotect", "pkey_mprotect"))]))
    if unit.get("RestrictNamespaces") == ["yes"]:
        made.append((ALLOW, [(REFUSE | errno.ENOSYS, "clone3"), (REFUSE | errno.EPERM, "setns"),  # clone3: its flags cannot be read
                             *((REFUSE | errno.EPERM, name, (0, MASKED, kind, kind)) for name in ("clone", "unshare") for kind in NAMESPACES)]))
    if "SystemCallFilter" in unit:
        made.append((REFUSE | errno.EPERM, [(ALLOW, name) for name in allowed_calls(unit["SystemCallFilter"])]))
    return made


def run(unit, words, **more):
    """Like subprocess.run, under the filters of a unit."""
    found = filters(unit)
    return subprocess.run(words, capture_output=True, text=True, check=False,
                          preexec_fn=lambda: [load(*one) for one in found], **more)
