# SPDX-License-Identifier: MIT OR Apache-2.0
"""Parallel algorithms on objects with a buffer, such as NumPy's arrays, which are not copied.

Compiled functions and sorts run on the workers of a runtime, and the calling thread takes part. NumPy's ufuncs and Python callables run on
threads, a piece of the range on each; they gain only where they release the GIL, as ufuncs do."""
import os
import struct
import sys

from ._library import Shared, check, ffi, function, instance, is_compiled, pointer, shown, whole
from ._library import lib as _lib
from .executor import Executor
from .pool import _here
from .runtime import Runtime
from .runtime import runtime as shared

KINDS = {**dict.fromkeys("?BHILQNc", _lib.FILCH_RADIX_UNSIGNED), **dict.fromkeys("bhilqn", _lib.FILCH_RADIX_SIGNED),
         **dict.fromkeys("fd", _lib.FILCH_RADIX_FLOAT)}
NATIVE = "@=<" if sys.byteorder == "little" else "@=>"
CALLABLES = "sorted() and list.sort() take Python callables"
ASSOCIATIVE = ("add", "multiply", "maximum", "minimum", "fmax", "fmin", "bitwise_and", "bitwise_or", "bitwise_xor", "logical_and", "logical_or",
               "logical_xor", "gcd", "lcm", "logaddexp", "logaddexp2", "hypot")  # ufuncs that may combine the results of pieces
PIECE = 1 << 16  # items: a smaller piece costs more than it saves
_threads = Shared(lambda: Executor(len(os.sched_getaffinity(0)), name="filch.algorithms"))


def _native(runtime):
    return (shared() if runtime is None else instance("runtime", runtime, Runtime))._use()


def _kind(code):
    """The kind of a number, from its code in module struct."""
    plain = code.lstrip(NATIVE)
    if plain not in KINDS or len(plain) != 1:
        raise TypeError(f"items of format '{code}' have no order here (valid: {' '.join(KINDS)}, in native byte order); pass less")
    return KINDS[plain]


def _buffer(make, array):
    """Returns make(array); raises TypeError if the array has no suitable buffer."""
    try:
        return make(array)
    except (TypeError, ValueError, BufferError) as why:
        kind = type(array).__name__
        raise TypeError(f"a {kind} cannot be sorted in place: {why} (valid: an object with a writable buffer, such as a NumPy array)") from None


def _writable(array):
    view = _buffer(memoryview, array)
    if view.readonly:
        raise TypeError("a read-only buffer cannot be sorted in place; copy it first")
    if view.ndim != 1:
        raise TypeError(f"a buffer of {view.ndim} dimensions cannot be sorted (valid: 1; give its ravel(), or a row at a time)")
    if not view.contiguous:
        raise TypeError("a buffer with gaps cannot be sorted in place (valid: contiguous; sort a copy, and assign it back)")
    return view


def sort(array, *, key=None, less=None, context=None, stable=False, runtime=None):
    """Sorts a one-dimensional buffer in place. Numbers are sorted by radix, stably: integers, and floats in the order of their bits, so
    that positive NaNs come last and negative ones first. key: the name of a field of a NumPy record, or (offset, format) of a number
    in each item. less: a compiled comparison, filch_less_fn, which gets context; stable=True keeps the order of equal items."""
    if key is not None and less is not None:
        raise TypeError("sort() has both key and less (give one of them)")
    if less is not None and not is_compiled(less):
        raise TypeError(f"less {shown(less)} is not a compiled function (valid: of cffi, ctypes or numba.cfunc); {CALLABLES}")
    if key is None and less is None:
        view = _writable(array)
        offset, size, kind = 0, view.itemsize, _kind(view.format)
        count, width = len(view), size
    else:
        data = _buffer(lambda one: ffi.from_buffer(one, require_writable=True), array)
        width = getattr(getattr(array, "dtype", None), "itemsize", None) or memoryview(array).itemsize
        count = len(data) // width
    if less is not None:
        call = _lib.filch_run_sort_stable if stable else _lib.filch_run_sort
        given = pointer(context)
        check(call(_native(runtime), data, count, width, function("filch_less_fn", less), given))
        return
    if key is not None:
        offset, size, kind = _keyed(array, key)
    else:
        data = ffi.from_buffer(array, require_writable=True)
    check(_lib.filch_run_radix_sort(_native(runtime), data, count, width, offset, size, kind))


def _keyed(array, key):
    """(offset, bytes, kind) of a number in each item."""
    if isinstance(key, str):
        fields = getattr(getattr(array, "dtype", None), "fields", None) or {}
        if key not in fields:
            raise ValueError(f"unknown key '{key}' (valid: {', '.join(fields) or 'a field of a NumPy record; these items have no fields'})")
        return fields[key][1], *_number(fields[key][0].str)
    if isinstance(key, tuple) and len(key) == 2 and isinstance(key[1], str):
        return whole("offset", key[0]), *_number(key[1])
    raise TypeError(f"key {shown(key)} is not a place in an item (valid: the name of a field, or a tuple (offset, format)); {CALLABLES}")


def _number(code):
    """(bytes, kind) of a number by NumPy's code, '<i4', or that of module struct, 'i'."""
    if code[-1:].isdigit():
        kinds = {"u": "B", "i": "b", "f": "f", "b": "B"}
        if code[0] not in NATIVE + "|" or code[1] not in kinds:
            raise TypeError(f"a key of format '{code}' has no order here (valid: integers and floats in native byte order)")
        return int(code[2:]), _kind(kinds[code[1]])
    kind = _kind(code)
    return struct.calcsize(code), kind


# ---- Pieces on threads ----


def _pieces(size, least=PIECE):
    """[begin, end) of pieces, four for each thread, but not below the least size."""
    count = max(1, min(4 * len(os.sched_getaffinity(0)), size // least))
    return [(size * i // count, size * (i + 1) // count) for i in range(count)]


def _each(fn, pieces):
    """fn(begin, end) of each piece, in order; the first exception, once all have ended. A piece's own pieces run within it: their threads
    might all wait."""
    threads = _threads.get()
    if len(pieces) == 1 or getattr(_here, "pool", None) is threads:
        return [fn(*piece) for piece in pieces]
    futures = [threads.submit(fn, *piece) for piece in pieces]
    for future in futures:
        future.exception()
    return [future.result() for future in futures]


# ---- Loops, reductions, scans ----


def for_each(fn, size, context=None, *, hint=0, runtime=None):
    """Runs fn for parts that together cover [0, size). A compiled filch_for_fn gets (self, begin, end, context) and stops the loop
    with a nonzero result, which is returned. A Python callable gets (begin, end); the first exception is raised.
    hint: the smallest part."""
    size, hint = whole("size", size), whole("hint", hint)
    if not is_compiled(fn):
        if not callable(fn):
            raise TypeError(f"{shown(fn)} is not a function (valid: a compiled one, or a Python callable that takes begin and end)")
        if context is not None:
            raise TypeError("context is for compiled functions only (let a Python callable capture its data)")
        _each(fn, _pieces(size, hint or 1))
        return 0
    given = pointer(context)
    return check(_lib.filch_run_for(_native(runtime), 0, size, hint, function("filch_for_fn", fn), given))


class Reduction:
    """Compiled functions of a reduction, as in filch_reduction: make, chunk, join, and for results that own memory drop."""

    def __init__(self, size, make, chunk, join, drop=None):
        kind = {name: field.type for name, field in ffi.typeof("filch_reduction").fields}
        functions = {"make": make, "chunk": chunk, "join": join, "drop": drop}
        self.size, self._functions = whole("size", size), functions
        given = {name: ffi.cast(kind[name], _address(fn)) for name, fn in functions.items() if fn is not None}
        self._how = ffi.new("filch_reduction *", {"size": size, **given})


class Scanning:
    """Compiled functions of a scan of items of `size` bytes, as in filch_scanning: make, sum, scan."""

    def __init__(self, size, make, sum, scan):
        kind = {name: field.type for name, field in ffi.typeof("filch_scanning").fields}
        functions = {"make": make, "sum": sum, "scan": scan}
        self.size, self._functions = whole("size", size), functions
        self._how = ffi.new("filch_scanning *", {"size": size, **{name: ffi.cast(kind[name], _address(fn)) for name, fn in functions.items()}})


def _address(fn):
    return function("void", fn)


def _for_ufunc(what, method, others, values, how, context):
    """(values as an array, its pieces) for an associative ufunc; raises TypeError or ValueError for anything else."""
    if not hasattr(how, method):
        raise TypeError(f"how {shown(how)} has no {method}() (valid: a ufunc, such as numpy.add, or {others})")
    name = getattr(how, "__name__", type(how).__name__)
    if name not in ASSOCIATIVE:
        raise ValueError(f"{what}(): {name} is not associative (valid: {', '.join(ASSOCIATIVE)})")
    if context is not None:
        raise TypeError("context is for compiled functions only (a ufunc takes none)")
    import numpy

    array = numpy.asanyarray(values)
    if not array.ndim:
        raise TypeError(f"values {shown(values)} is not an array (valid: an array, or a sequence of numbers)")
    return array, [(0, len(array))] if array.dtype.hasobject else _pieces(len(array))  # threads do not speed up Python objects


def reduce(values, how, context=None, *, hint=0, runtime=None):
    """Combines values in their order. how: an associative ufunc such as numpy.add, and values an array: as how.reduce(values), but for
    the rounding of floating-point sums, whose items are grouped differently. Other ufuncs, such as numpy.subtract, raise a ValueError
    with the valid names. Or how is a Reduction, and values a number of indices: returns the result's bytes."""
    if isinstance(how, Reduction):
        out = ffi.new("char[]", how.size)
        given = pointer(context)
        check(_lib.filch_run_reduce(_native(runtime), 0, whole("values", values), whole("hint", hint), how._how, out, given))
        return bytes(ffi.buffer(out))
    array, pieces = _for_ufunc("reduce", "reduce", "a Reduction; functools.reduce takes a Python callable", values, how, context)
    parts = _each(lambda begin, end: how.reduce(array[begin:end]), pieces)
    total = parts[0]
    for part in parts[1:]:
        total = how(total, part)
    return total


def scan(values, how, out=None, context=None, *, runtime=None):
    """Prefix sums: as how.accumulate(values, out=out) of an associative ufunc such as numpy.add, grouped as reduce() does; or by a
    Scanning of compiled functions. out: may be values. Returns out."""
    if isinstance(how, Scanning):
        out = values if out is None else out
        source, target, given = ffi.from_buffer(values), ffi.from_buffer(out, require_writable=True), pointer(context)
        if len(target) < len(source):
            raise ValueError(f"out has {len(target)} bytes (valid: {len(source)} or more, the size of values)")
        check(_lib.filch_run_scan(_native(runtime), source, len(source) // how.size, target, how._how, given))
        return out
    array, pieces = _for_ufunc("scan", "accumulate", "a Scanning; itertools.accumulate takes a Python callable", values, how, context)
    if out is None:
        import numpy

        out = numpy.empty(array.shape, how.accumulate(array[:1]).dtype)
    if getattr(out, "shape", None) != array.shape:
        raise ValueError(f"out {shown(out)} does not fit values (valid: an array of shape {array.shape})")
    if len(pieces) == 1:
        return how.accumulate(array, out=out)
    _each(lambda begin, end: how.accumulate(array[begin:end], out=out[begin:end]) is None, pieces)
    total, before = None, {}
    for begin, end in pieces:
        before[begin] = total
        total = out[end - 1] if total is None else how(total, out[end - 1])
    _each(lambda begin, end: how(before[begin], out[begin:end], out=out[begin:end]) is None, pieces[1:])
    return out
