# SPDX-License-Identifier: MIT OR Apache-2.0
"""The shared library: its functions, its errors as exceptions, waits that Ctrl-C ends, and the end of each object."""
import atexit
import ctypes
import errno
import math
import numbers
import os
import reprlib
import signal
import sys
import threading

from ._filch import ffi, version

NULL = ffi.NULL
FOREVER = (1 << 63) - 1
SECOND = 1_000_000_000
UINT_MAX = (1 << 32) - 1
SLICE = SECOND // 20  # Python handles signals between two calls: this is the longest that Ctrl-C has to wait


def _load():
    try:
        found = ffi.dlopen("libfilch.so.0")
    except OSError as missing:
        raise ImportError(f"libfilch.so.0 not found ({missing}): install Filch, or set LD_LIBRARY_PATH to its folder") from None
    loaded = ffi.string(found.filch_version()).decode()
    if loaded.rsplit(".", 1)[0] != version.rsplit(".", 1)[0]:
        raise ImportError(f"libfilch.so.0 has version {loaded} (this package is for {version}): install the package of that version")
    return found


lib = _load()


# ---- Errors ----


class Error(OSError):
    """An error of the library: errno, and its sentence, which says what was wrong and what to do."""


class TimedOut(Error, TimeoutError):
    """The time is up, of a wait or of a job."""


class Closed(Error):
    """The object is closed: there is nothing more to send, submit or receive."""


class Cancelled(Error):
    """It was cancelled."""


_KINDS = {errno.ETIMEDOUT: TimedOut, errno.EPIPE: Closed, errno.ECANCELED: Cancelled}


def error(code, text=None):
    """The exception for an errno, with the given sentence, the library's, or the system's."""
    text = text or ffi.string(lib.filch_error_about(-code)).decode("utf-8", "replace") or os.strerror(code)
    return _KINDS.get(code, Error)(code, text)


def check(code):
    """Returns what a call returned, unless it is an error."""
    if code < 0:
        raise error(-code)
    return code


# ---- Waiting ----

_main = threading.main_thread().ident
_short = reprlib.Repr()
_short.maxother = 80


def shown(value):
    """The value in a message, on one line."""
    return " ".join(_short.repr(value).split())


def instance(name, value, kind):
    """Returns the value; raises TypeError if it is not of this class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} {shown(value)} is not a {kind.__name__}")
    return value


def nanoseconds(name, seconds):
    """A number of seconds, up to 292 years; infinity is forever."""
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real) or math.isnan(seconds):
        raise TypeError(f"{name} {shown(seconds)} is not a time (seconds, 0 or more)")
    if seconds < 0:
        raise ValueError(f"{name} {seconds!r} is out of range (seconds, 0 or more)")
    return min(int(seconds * SECOND), FOREVER) if seconds < FOREVER / SECOND else FOREVER


def until(seconds):
    """The time that many seconds from now; None: never."""
    span = FOREVER if seconds is None else nanoseconds("timeout", max(seconds, 0) if isinstance(seconds, numbers.Real) else seconds)
    return FOREVER if span == FOREVER else lib.filch_in(span)


RANGES = {"chunksize": (1, (1 << 64) - 1), "max_workers": (1, 10_000), "priority": (0, lib.FILCH_PRIORITIES - 1), "width": (0, lib.FILCH_WIDTH_MAX),
          "width of a blocking pool": (0, 10_000), "worker": (lib.FILCH_ALL_WORKERS, (1 << 31) - 1)}  # of numbers that a field of C does not limit by itself


def whole(name, value, most=(1 << 64) - 1):
    """Returns the value as an int; raises TypeError or ValueError if it is not in the range of that name, or a field of C cannot hold it."""
    least, most = RANGES.get(name, (0, most))
    valid = f"{least}..{most}" if name in RANGES else "0 or more"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} {shown(value)} is not a whole number ({valid})")
    if not least <= value <= most:
        raise ValueError(f"{name} {value} is out of range ({valid if name in RANGES or value < least else f'at most {most}'})")
    return int(value)


def chars(name, value):
    """Returns a text as a string of C; raises TypeError for anything else."""
    return ffi.new("char[]", instance(name, value, str).encode())


def choices(kind, prefix, *without):
    """{name: number} of an enumeration, but for these and its last member, which counts the others."""
    found = sorted((number, key[len(prefix):].lower()) for number, key in kind.elements.items() if key.startswith(prefix))
    return {name: number for number, name in found[:-1] if name not in without}


def refuse_on_worker(what):
    """Raises in a Python callback on a worker, which must not be suspended: another Python function could then run on its stack."""
    if lib.filch_worker_index() >= 0:
        raise error(errno.EDEADLK, f"{what} on a worker would suspend Python code; call it from a thread, or from a job of a pool with blocking=True")


def wait(what, call, *given, timeout=None, done=None):
    """call(*given, time) until it is done, or the timeout. On the main thread in slices, so that Ctrl-C works. done: of calls that
    also return -ETIMEDOUT for another reason."""
    refuse_on_worker(what)
    end = until(timeout)
    if threading.get_ident() != _main:
        return call(*given, end)
    while True:
        part = min(end, lib.filch_in(SLICE))
        code = call(*given, part)
        if code != -errno.ETIMEDOUT or part == end or (done and done()):
            return code


# ---- Memory and functions of callers ----


def aligned(kind):
    """(a zeroed object of that type at a multiple of 64 bytes, its memory)."""
    memory = ffi.new("char[]", ffi.sizeof(kind) + 64)
    at = int(ffi.cast("uintptr_t", memory))
    return ffi.cast(f"{kind} *", (at + 63) & ~63), memory


_COMPILED = (ffi.CData, ctypes._CFuncPtr)


def is_compiled(fn):
    """A function of cffi or ctypes, or an object with an `address`, as of numba.cfunc; not a Python callable, and no number."""
    return isinstance(fn, _COMPILED) or hasattr(fn, "address")


def function(kind, fn):
    """The address of a compiled function as a pointer of that type. Keep fn as long as the library may call it."""
    if isinstance(fn, ffi.CData):
        return ffi.cast(f"{kind} *", fn)
    if not is_compiled(fn):
        raise TypeError(f"{shown(fn)} is not a compiled function (valid: of cffi, ctypes or numba.cfunc); for a Python callable use filch.Executor")
    if isinstance(fn, ctypes._CFuncPtr):
        fn = ctypes.cast(fn, ctypes.c_void_p).value
    return ffi.cast(f"{kind} *", getattr(fn, "address", fn))


def pointer(data):
    """The address of data for compiled functions: None, a number, a pointer of cffi, or an object with a buffer, which is not copied.
    Keep the result as long as the library may use the data."""
    if data is None:
        return NULL
    if isinstance(data, ffi.CData):
        return data
    if isinstance(data, int):
        return ffi.cast("void *", data)
    try:
        return ffi.from_buffer(data)
    except TypeError:
        raise TypeError(f"data {shown(data)} has no address (valid: an object with a buffer, such as a NumPy array; a pointer of cffi; a number)") from None


def _converted(name, kind, value, kept):
    """Returns the value for a field of this type of C; raises TypeError or ValueError if it does not fit."""
    if isinstance(value, ffi.CData):
        return value
    if kind.cname == "char *":
        kept.append(chars(name, value))
        return kept[-1]
    if kind.kind == "pointer":
        raise TypeError(f"{name} {shown(value)} is not a pointer of cffi ({kind.cname})")
    if kind.cname == "_Bool":
        return instance(name, value, bool)
    return whole(name, value, (1 << 8 * ffi.sizeof(kind)) - 1)


def configure(kind, settings, names=(), times=()):
    """(a struct of settings by name, memory that it needs). names: {field: arguments of choices()}; times: fields in seconds."""
    config, kept = ffi.new(f"{kind} *"), []
    fields = {field: about for field, about in ffi.typeof(kind).fields if field != "size"}
    for name, value in settings.items():
        if name not in fields:
            raise TypeError(f"unknown setting '{name}' of {kind} (valid: {', '.join(fields)})")
        if value is None:
            continue
        if name in names:
            known = choices(fields[name].type, *names[name])
            if not isinstance(value, str) or value not in known:
                raise ValueError(f"unknown {name} {shown(value)} (valid: {', '.join(known)})")
            value = known[value]
        elif name in times:
            value = nanoseconds(name, value)
        else:
            value = _converted(name, fields[name].type, value, kept)
        setattr(config, name, value)
    if hasattr(config, "size"):
        config.size = ffi.sizeof(kind)
    return config, kept


# ---- The end of objects ----

_open = {}  # objects that close() has not ended, in the order of their creation
_cleared = []  # called in the child of a fork


class Owner:
    """An object of the library: ended by close(), by `with`, or at the end of the interpreter. In the child of a fork each use raises."""

    _used = False  # by other owners, so that it ends after them

    def _begin(self):
        _open[id(self)] = self

    def _end(self):
        """Whether it was open until now."""
        return _open.pop(id(self), None) is not None

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


class _Orphan:
    """The class of all objects of the parent in the child of a fork."""

    def __getattribute__(self, name):
        if name == "close":
            return lambda: None
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        raise error(errno.ECHILD, "this object belongs to the parent process of fork(); create a new one in the child")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        pass


def in_child(clear):
    """clear() runs in the child of each fork, before objects become unusable."""
    _cleared.append(clear)
    return clear


class Shared:
    """One object for all callers, made by the first; another one after it was closed, and in the child of a fork."""

    def __init__(self, make):
        self._make = make
        in_child(self._forget)
        self._forget()

    def _forget(self):
        self._lock, self._one = threading.Lock(), None

    def get(self):
        with self._lock:
            if id(self._one) not in _open:
                self._one = self._make()
            return self._one


def _after_fork():
    global _main
    _main = threading.get_ident()
    for clear in _cleared:
        clear()
    for one in list(_open.values()):
        one.__class__ = _Orphan
    _open.clear()


def _at_exit():
    try:
        for one in sorted(reversed(list(_open.values())), key=lambda one: one._used):
            try:
                one.close()
            except Error as why:  # an object that the program created through filch.lib may use it still
                if why.errno != errno.EBUSY:
                    raise
    except KeyboardInterrupt:  # end by SIGINT, as Python does, but at once: threads still run jobs, so the interpreter cannot shut down
        for stream in (sys.stdout, sys.stderr):
            if stream:
                stream.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
