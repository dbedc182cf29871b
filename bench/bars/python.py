#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures package filch beside NumPy and concurrent.futures: medians of rounds in which both sides take turns.

  python.py BUILD [--repeat N] [ROW...]   BUILD: a build folder; ROW: a part of a row's name; default: all rows

A row: the median of the ratios, or of the differences in us, their range, and for a bar its limit. Indented rows are only reported."""
import argparse
import concurrent.futures
import ctypes
import hashlib
import statistics
import sys
import threading
import time
from pathlib import Path

if len(sys.argv) > 1 and Path(sys.argv[1]).is_dir():
    sys.path.insert(0, f"{sys.argv[1]}/tools/python")
    ctypes.CDLL(f"{sys.argv[1]}/runtime/libfilch.so.0")  # from now on the library of that name
try:
    import filch
    import numpy
    from filch._library import NULL
except ImportError as missing:
    sys.exit(f"python: {missing} (Debian: python3-cffi, python3-numpy): MISSED")

ITEMS = 10**7
CALLS = 500
_now = time.perf_counter_ns


def timed(fn, *given):
    begun = _now()
    fn(*given)
    return _now() - begun


# ---- Arrays ----


def arrays(ours, theirs, make=lambda: numpy.random.default_rng(1).integers(-2**31, 2**31, ITEMS, dtype=numpy.int32)):
    """Each side gets a copy of its own in each round."""
    source = make()

    def one(fn):
        data = source.copy()
        return timed(fn, data)

    return lambda: one(ours), lambda: one(theirs)


# ---- Calls into a pool ----


def held(ours, theirs):
    """The time of a call, of CALLS in a row: a running job holds the pool, so that neither side waits for the other."""
    pool = filch.Pool(1, order="fifo", capacity=(1 << 64) - 1, blocking=True)

    def one(call):
        hold, begun = threading.Event(), threading.Event()
        pool.submit(lambda: begun.set() or hold.wait())
        begun.wait()
        taken = timed(lambda: [call() for _ in range(CALLS)])
        hold.set()
        pool.wait()
        return taken / CALLS

    return (lambda: one(ours(pool, compiled()))), (lambda: one(theirs(pool, compiled())))


def bare_post(pool, fn):
    submit, native = filch.lib.filch_pool_submit, pool._pool
    return lambda: submit(NULL, native, fn, NULL, NULL, 0)


def bare_submit(pool, fn):
    submit, release, native, new, kind = filch.lib.filch_pool_submit, filch.lib.filch_job_release, pool._pool, filch.ffi.new, filch.ffi.typeof("filch_job **")

    def call():
        out = new(kind)
        submit(out, native, fn, NULL, NULL, 0)
        release(out[0])

    return call


def compiled():
    """A job function that does nothing harmful and is in the library: it sets no text, since its format has none."""
    return filch.ffi.cast("filch_job_fn *", filch.ffi.addressof(filch.lib, "filch_now"))


# ---- Callables ----


def executors(work):
    """The same work on both executors, two threads each."""
    ours, theirs = filch.Executor(2), concurrent.futures.ThreadPoolExecutor(2)
    return lambda: timed(work, ours), lambda: timed(work, theirs)


def round_trips(pool):
    for _ in range(200):
        pool.submit(int).result()


def many(pool):
    list(pool.map(abs, range(2000)))


def chunks(pool):
    list(pool.map(abs, range(2000), chunksize=100))


def threads(work):
    """The same calls on two threads and on one: below 1, threads help."""
    two, one = filch.Executor(2), filch.Executor(1)
    return lambda: timed(work, two), lambda: timed(work, one)


def loops(pool):
    def loop():
        total = 0
        for i in range(200_000):
            total += i
        return total

    for future in [pool.submit(loop) for _ in range(4)]:
        future.result()


def hashes(pool):
    block = b"x" * (1 << 24)
    for future in [pool.submit(hashlib.sha256, block) for _ in range(4)]:
        future.result()


ROWS = [  # name, its bar or None, how the sides are compared, their maker
    ("python: sort of 10^7 int32 / numpy.sort", None, "ratio", lambda: arrays(filch.sort, numpy.ndarray.sort)),
    ("python: sort of 10^7 float64 / numpy.sort", None, "ratio", lambda: arrays(filch.sort, numpy.ndarray.sort, lambda: numpy.random.default_rng(1).random(ITEMS))),
    ("python: reduce of 10^7 / numpy.add.reduce", None, "ratio", lambda: arrays(lambda a: filch.reduce(a, numpy.add), numpy.add.reduce)),
    ("python: scan of 10^7 / numpy.add.accumulate", None, "ratio", lambda: arrays(lambda a: filch.scan(a, numpy.add), numpy.add.accumulate)),
    ("python: Pool.post - bare cffi call, us", 1, "difference", lambda: held(lambda pool, fn: lambda: pool.post(fn), bare_post)),
    ("python: Pool.submit - bare cffi calls, us", 1, "difference", lambda: held(lambda pool, fn: lambda: pool.submit(fn), bare_submit)),
    ("python: 200 submit().result() / ThreadPoolExecutor", None, "ratio", lambda: executors(round_trips)),
    ("python: map of 2000 / ThreadPoolExecutor", None, "ratio", lambda: executors(many)),
    ("python: map of 2000 by 100 / ThreadPoolExecutor", None, "ratio", lambda: executors(chunks)),
    ("python: loops in Python, 2 threads / 1", None, "ratio", lambda: threads(loops)),
    ("python: hashlib, 2 threads / 1", None, "ratio", lambda: threads(hashes)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--repeat", type=int, default=11)
    parser.add_argument("rows", nargs="*")
    given = parser.parse_intermixed_args()
    missed = False
    for name, bar, how, make in ROWS:
        if given.rows and not any(part in name for part in given.rows):
            continue
        ours, theirs = make()
        ours(), theirs()  # threads start, pages are touched
        pairs = [(ours(), theirs()) for _ in range(given.repeat)]
        compared = [a / b if how == "ratio" else (a - b) / 1e3 for a, b in pairs]
        middle = statistics.median(compared)
        figures = f"{middle:9.3f} {min(compared):9.3f} .. {max(compared):<9.3f}"
        if bar is None:
            medians = " and ".join(f"{statistics.median(side) / 1e6:.1f} ms" for side in zip(*pairs))
            print(f"  {name:58} {figures} {medians}", flush=True)
        else:
            missed |= middle > bar
            print(f"{name:60} {figures} <= {bar:<8g} {'MISSED' if middle > bar else 'reached'}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
