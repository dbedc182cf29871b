# SPDX-License-Identifier: MIT OR Apache-2.0
"""Filch, a work-stealing runtime, for Python.

    import filch, numpy
    filch.sort(numpy.random.permutation(10**7))          # in place, on all cores
    with filch.Executor() as pool:                       # as concurrent.futures
        print(pool.submit(pow, 2, 10).result())

Compiled functions run on workers: those of cffi, ctypes, numba.cfunc. Python callables do not, and here is why. A task runs on a fiber, a
small stack that moves between threads whenever the task waits. Python keeps the state of a call in its thread: its frames, its exception,
its hold of the GIL. If a Python function waited on a fiber, its worker would run another one on the same thread state, and their frames
would mix. The first would then continue on another thread, without its state. Deep recursion would also leave a stack of
256 KiB. So Python callables run on ordinary threads, those for blocking calls: a worker hands the call over, does other work, and gets
the task back at its end (3 to 10 us). Their thread state is their own, their stack the system's, and they may wait for anything,
also for futures, channels and jobs of Filch: there they wait as any thread outside the runtime does.

A Python function may still reach a worker, if it is wrapped as a C callback and passed as a compiled function (ffi.callback,
ctypes.CFUNCTYPE). This is safe as long as it only computes. If it waits for Filch, it gets an Error (EDEADLK) instead.

Waiting releases the GIL. On the main thread, waits return to Python 20 times a second, so that Ctrl-C raises KeyboardInterrupt. Algorithms
and Runtime.run end first. In a child of fork(), objects of the parent raise an Error (ECHILD), and the child may create its own. Objects
are ended by close(), by `with`, or when the interpreter exits, which waits for accepted jobs, as concurrent.futures does."""
from ._filch import version as __version__
from ._library import Cancelled, Closed, Error, TimedOut, ffi, function, lib
from .algorithms import Reduction, Scanning, for_each, reduce, scan, sort
from .channel import Channel
from .executor import Executor
from .pool import Job, Pool
from .runtime import Future, Runtime, runtime
from .tools import ToolError, bench, compare, frame, rows, sim, trace

__all__ = [name for name in dir() if not name.startswith("_") and name not in ("algorithms", "channel", "executor", "pool", "tools")] + ["__version__"]
