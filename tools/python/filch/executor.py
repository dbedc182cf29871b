# SPDX-License-Identifier: MIT OR Apache-2.0
"""The interface of concurrent.futures on a pool: a drop-in for ThreadPoolExecutor."""
import concurrent.futures
import errno
import functools
import itertools
import os
import threading

from ._library import Closed, error
from .pool import Call, Pool, _calls

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


def _all(fn, *columns):
    return [fn(*row) for row in zip(*columns)]


class Executor(Pool, concurrent.futures.Executor):
    """Runs Python callables on up to max_workers threads (default: as ThreadPoolExecutor). capacity: submit() waits while that many
    calls wait; default: no limit. workers: of the pool's runtime, which only hand calls to threads."""

    def __init__(self, max_workers=None, *, capacity=UNLIMITED, workers=1, runtime=None, name=None):
        if max_workers is not None and max_workers <= 0:
            raise ValueError(f"max_workers {max_workers} is out of range (1..1000000)")
        width = max_workers or min(32, (os.cpu_count() or 1) + 4)
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
        if chunksize < 1:
            raise ValueError(f"chunksize {chunksize} is out of range (at least 1)")
        if chunksize == 1:
            return super().map(fn, *iterables, timeout=timeout)
        rows = zip(*iterables)
        chunks = iter(lambda: list(itertools.islice(rows, chunksize)), [])
        results = super().map(functools.partial(_all, fn), *zip(*(zip(*chunk) for chunk in chunks)), timeout=timeout)
        return itertools.chain.from_iterable(results)

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
