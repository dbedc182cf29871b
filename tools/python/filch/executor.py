# SPDX-License-Identifier: MIT OR Apache-2.0
"""The interface of concurrent.futures on a pool: a drop-in for ThreadPoolExecutor."""
import concurrent.futures
import errno
import itertools
import os
import threading
import time

from ._library import NULL, Closed, check, error, ffi, lib, wait, whole
from .pool import Call, Pool, _calls, _numbers, _run

UNLIMITED = (1 << 64) - 1


class _Future(Call):
    """A call whose result goes to a future."""

    def __init__(self, pool, fn, args, kwargs):
        super().__init__(pool, fn, args, kwargs)
        self.future = concurrent.futures.Future()

    def begins(self):
        return self.future.set_running_or_notify_cancel()

    def succeeded(self, value):
        self.future.set_result(value)

    def failed(self, why):
        self.future.set_exception(why)

    def orphan(self):
        self.future._condition = threading.Condition()  # a thread of the parent may have held it
        self.future.set_exception(error(errno.ECHILD, "the executor belongs to the parent process of fork(); create a new one in the child"))


def _all(fn, rows):
    return [fn(*row) for row in rows]


def _results(futures, end):
    """Their results in order, until the time; the rest is cancelled when it is not wanted."""
    futures.reverse()
    try:
        while futures:
            yield futures.pop().result(None if end is None else end - time.monotonic())
    finally:
        for future in futures:
            future.cancel()


class Executor(Pool, concurrent.futures.Executor):
    """Runs Python callables on up to max_workers threads (default: as ThreadPoolExecutor). capacity: submit() waits while that many
    calls wait; default: no limit. workers: of the pool's runtime, which only hand calls to threads."""

    def __init__(self, max_workers=None, *, capacity=UNLIMITED, workers=1, runtime=None, name=None):
        width = min(32, (os.cpu_count() or 1) + 4) if max_workers is None else whole("max_workers", max_workers)
        super().__init__(width, blocking=True, order="fifo", capacity=capacity, workers=None if runtime else workers, runtime=runtime, name=name)

    def submit(self, fn, /, *args, **kwargs):
        """Schedules fn(*args, **kwargs), and returns its future."""
        call = _Future(self, fn, args, kwargs)
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        try:
            self._accept_call(call, handle=False)
        except Closed:
            raise RuntimeError("cannot schedule new futures after shutdown") from None
        return call.future

    def map(self, fn, *iterables, timeout=None, chunksize=1):
        """As of concurrent.futures.Executor. chunksize: items for each job; more than 1 is for short functions."""
        whole("chunksize", chunksize)
        end = None if timeout is None else time.monotonic() + timeout
        rows = zip(*iterables)
        if chunksize == 1:
            return _results(self._submit_all(fn, list(rows)), end)
        chunks = [(fn, chunk) for chunk in iter(lambda: list(itertools.islice(rows, chunksize)), [])]
        return itertools.chain.from_iterable(_results(self._submit_all(_all, chunks), end))

    def _submit_all(self, fn, rows):
        """Futures of fn(*row) for each row, submitted by one call."""
        calls = {next(_numbers): _Future(self, fn, row, {}) for row in rows}
        _calls.update(calls)
        data, accepted, begun = ffi.new("void *[]", [ffi.cast("void *", number) for number in calls]), ffi.new("size_t *"), 0

        def submit(until):
            nonlocal begun
            code = lib.filch_pool_submit_all(self._use(), _run, data + begun, len(calls) - begun, NULL, until, accepted)
            begun += accepted[0]
            return code

        try:
            check(wait("Executor.map", submit))
        except Closed:
            raise RuntimeError("cannot schedule new futures after shutdown") from None
        finally:
            for number in list(calls)[begun:]:
                _calls.pop(number, None)
        return [call.future for call in calls.values()]

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Accepts no more calls. wait: until the accepted ones have ended. cancel_futures: those that have not begun are cancelled."""
        if self._closed:
            return
        self.stop()
        if cancel_futures:
            self.cancel_waiting()
        if wait:
            self.close()

    def cancel_waiting(self):
        """Cancels the futures of calls that have not begun, and returns their number."""
        return sum(call.future.cancel() for call in list(_calls.values()) if call.pool is self)

    def __exit__(self, *why):
        self.shutdown()
        return False
