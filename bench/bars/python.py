#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures package filch beside NumPy and concurrent.futures: medians of rounds in which both sides take turns.

  python.py [--rounds N] [ROW...]   ROW: a part of a row's name; default: all rows

Columns: the row, the median of filch, the median of the other side, and the median of the ratios or differences with their range."""
import argparse
import concurrent.futures
import hashlib
import statistics
import threading
import time

import filch
import numpy
from filch._library import NULL

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
    block = b"x" * (1 << 22)
    for future in [pool.submit(hashlib.sha256, block) for _ in range(4)]:
        future.result()


ROWS = [  # name, how the sides are compared, their maker
    ("sort 10^7 int32 / numpy.sort", "ratio", lambda: arrays(filch.sort, numpy.ndarray.sort)),
    ("sort 10^7 float64 / numpy.sort", "ratio", lambda: arrays(filch.sort, numpy.ndarray.sort, lambda: numpy.random.default_rng(1).random(ITEMS))),
    ("reduce 10^7 / numpy.add.reduce", "ratio", lambda: arrays(lambda a: filch.reduce(a, numpy.add), numpy.add.reduce)),
    ("scan 10^7 / numpy.add.accumulate", "ratio", lambda: arrays(lambda a: filch.scan(a, numpy.add), numpy.add.accumulate)),
    ("Pool.post - bare cffi call", "ns", lambda: held(lambda pool, fn: lambda: pool.post(fn), bare_post)),
    ("Pool.submit - bare cffi calls", "ns", lambda: held(lambda pool, fn: lambda: pool.submit(fn), bare_submit)),
    ("200 submit().result() / ThreadPoolExecutor", "ratio", lambda: executors(round_trips)),
    ("map of 2000 / ThreadPoolExecutor", "ratio", lambda: executors(many)),
    ("map of 2000, chunksize 100 / ThreadPoolExecutor", "ratio", lambda: executors(chunks)),
    ("GIL held, loops in Python: 2 threads / 1", "ratio", lambda: threads(loops)),
    ("GIL released, hashlib: 2 threads / 1", "ratio", lambda: threads(hashes)),
]


def readable(ns):
    return f"{ns:.0f} ns" if ns < 1e4 else f"{ns / 1e3:.0f} us" if ns < 1e7 else f"{ns / 1e6:.0f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("rows", nargs="*")
    given = parser.parse_args()
    for name, how, make in ROWS:
        if given.rows and not any(part in name for part in given.rows):
            continue
        ours, theirs = make()
        ours(), theirs()  # threads start, pages are touched
        pairs = [(ours(), theirs()) for _ in range(given.rounds)]
        compared = sorted(a / b if how == "ratio" else a - b for a, b in pairs)
        unit = "" if how == "ratio" else " ns"
        form = "{:.2f}" if how == "ratio" else "{:.0f}"
        figures = [form.format(one) for one in (statistics.median(compared), compared[0], compared[-1])]
        medians = [readable(statistics.median(side)) for side in zip(*pairs)]
        print(f"{name:50} {medians[0]:>9} {medians[1]:>9} {figures[0]:>7}{unit} ({figures[1]} to {figures[2]})", flush=True)


if __name__ == "__main__":
    main()
