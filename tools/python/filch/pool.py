# SPDX-License-Identifier: MIT OR Apache-2.0
"""Worker pools, for compiled functions on workers, and for Python callables on threads for blocking calls."""
import errno
import itertools
import threading

from ._library import NULL, Owner, _Orphan, check, configure, error, ffi, function, in_child, instance, is_compiled, lib, pointer, refuse_on_worker, shown, wait, whole
from .runtime import Runtime, _read

TIMES = {"aging", "timeout", "grow_after", "shrink_after", "interval", "stuck_after", "run_timeout"}
CHOICES = {"order": ("FILCH_",), "full": ("FILCH_FULL_", "run"), "breaker_full": ("FILCH_BREAKER_FULL_",)}  # prefix, and names left out
THREADS = 64  # filch_config.blocking_threads

_numbers = itertools.count(1)
_calls = {}  # of Python callables that have not begun, by the number that is their job's data
_here = threading.local()  # pool: the one whose job this thread runs
_CData, _HANDLE, _FUNCTION = ffi.CData, ffi.typeof("filch_job **"), ffi.typeof("filch_job_fn *")
_new, _typeof = ffi.new, ffi.typeof
_outcome = lib.filch_job_outcome
_submit = lib.filch_pool_submit
_release = lib.filch_job_release


@in_child
def _forget():
    for call in _calls.values():
        call.orphan()
    _calls.clear()


class Call:
    """A Python callable and its result. Subclasses give the result elsewhere."""

    def __init__(self, pool, fn, args, kwargs):
        self.pool, self.fn, self.args, self.kwargs = pool, fn, args, kwargs
        self.value = self.error = None

    def begins(self):
        return True

    def succeeded(self, value):
        self.value = value

    def failed(self, why):
        self.error = why

    def orphan(self):
        """In the child of a fork: it will not run."""

    def run(self):
        """Returns what the job's function returns."""
        if not self.begins():
            return -errno.ECANCELED
        try:
            value = self.fn(*self.args, **self.kwargs)
        except BaseException as why:  # the caller gets it, as from a thread of concurrent.futures
            self.failed(why)
            code = why.errno if isinstance(why, OSError) and isinstance(why.errno, int) and 0 < why.errno < 4096 else errno.ENOTRECOVERABLE
            return lib.filch_error_set(-code, b"%s", ffi.new("char[]", f"{type(why).__name__}: {why}".encode()))
        self.succeeded(value)
        return 0


@ffi.callback("filch_job_fn")
def _run(_self, _job, data):
    call = _calls.pop(int(ffi.cast("uintptr_t", data)), None)
    if not call:
        return -errno.ECANCELED
    _here.pool = call.pool
    try:
        return call.run()
    finally:
        _here.pool = None


class Job:
    """An accepted job. Keep it to wait for it or to cancel it."""

    __slots__ = ("_job", "_pool", "_kept", "_call")

    def done(self):
        """Whether it has an outcome."""
        self._pool._use()
        return _outcome(self._job) != lib.FILCH_UNDECIDED

    @property
    def outcome(self):
        """'undecided', 'succeeded', 'failed', 'panicked', 'timed_out', 'cancelled' or 'dropped'."""
        self._pool._use()
        return ffi.typeof("filch_outcome").elements[_outcome(self._job)][len("FILCH_"):].lower()

    @property
    def name(self):
        return ffi.string(lib.filch_job_name(self._job)).decode()

    def wait(self, timeout=None):
        """Waits for the outcome, and returns it. Error: TimedOut (there is none yet)."""
        code = wait("Job.wait", lib.filch_job_wait, self._job, timeout=timeout, done=self.done)
        if not self.done():
            check(code)
        return self.outcome

    def result(self, timeout=None):
        """Waits, and returns what the callable returned, or raises what it raised; of a compiled function: None, or Error."""
        self.wait(timeout)
        if self._call and self._call.error:
            raise self._call.error
        failure = lib.filch_job_failure(self._job)
        if failure != NULL:
            raise error(-failure.code, ffi.string(failure.message).decode("utf-8", "replace"))
        return self._call.value if self._call else None

    def cancel(self):
        """Removes it from the queue; the context of a compiled function in progress is done. Returns False if it has an outcome."""
        self._pool._use()
        return lib.filch_job_cancel(self._job) == 0

    def set_priority(self, priority):
        """Sets the priority of a waiting job in a pool of order 'priority', 0 to 7 (the most urgent). Error: EALREADY (it no longer waits)."""
        self._pool._use()
        check(lib.filch_job_set_priority(self._job, whole("priority", priority)))

    def __del__(self):
        try:
            job = self._job
        except AttributeError:  # it was not accepted
            return
        if self._kept and type(self._pool) is not _Orphan and _outcome(job) in (lib.FILCH_UNDECIDED, lib.FILCH_TIMED_OUT):
            self._pool._kept.append(self._kept)  # the function may still use the data
        _release(job)


class Pool(Owner):
    """Runs up to `width` jobs at a time and queues up to `capacity` more. Settings are those of filch_pool_config: order ('fifo',
    'lifo', 'priority', 'earliest'), full ('wait', 'reject', 'drop_oldest', 'drop_newest'), timeout and other times in seconds, ...

    blocking=False: jobs are compiled functions of type filch_job_fn, and run on workers.
    blocking=True: jobs are Python callables or compiled functions, and run on threads for blocking calls."""

    def __init__(self, width=None, *, runtime=None, **settings):
        handle = NULL if runtime is None else instance("runtime", runtime, Runtime)._use()
        config, self._kept = configure("filch_pool_config", {"width": width, **settings}, CHOICES, TIMES)
        self._own, self._blocking = None, config.blocking
        if config.blocking and runtime is None and config.width > THREADS:
            runtime = self._own = Runtime(config.workers, blocking_threads=whole("width of a blocking pool", config.width))
            config.workers, handle = 0, runtime._use()
        config.runtime, self._runtime = handle, runtime
        out = ffi.new("filch_pool **")
        try:
            check(lib.filch_pool_create(out, config))
        except OSError:
            if self._own:
                self._own.close()
            raise
        self._pool = out[0]
        self._closed = False
        self._begin()

    def _use(self):
        """An object of the parent raises here, in the child of a fork."""
        if self._closed:
            raise error(errno.EPIPE, "the pool is closed; create a new one")
        return self._pool

    def post(self, fn, data=NULL):
        """Submits a compiled function without a handle: the cheapest call. fn and data, of cffi's types, must live until the job has
        ended. Waits while the queue is full. Errors: Closed; EAGAIN (full='reject')."""
        try:
            code = _submit(NULL, self._pool, fn, data, NULL, 0)
        except TypeError:
            raise TypeError(f"cannot post {shown(fn)}{'' if data is NULL else f' with {shown(data)}'} (valid: pointers of cffi); submit() also takes functions of ctypes and "
                            "numba.cfunc, objects with a buffer, and with blocking=True Python callables") from None
        if code:
            self._retry(code, NULL, fn, data, NULL)

    def submit(self, fn, data=None, **options):
        """Submits a job and returns its handle, a Job. A compiled function gets the address of data as its third argument, and a
        Python callable data as its only one, unless data is None. Options: name, priority, timeout, run_timeout (seconds), key.
        Waits while the queue is full. Errors: Closed; EAGAIN (full='reject'); EEXIST (a job with this key has no outcome)."""
        how = kept = NULL
        if options:
            how, kept = configure("filch_job_options", options, times=TIMES)
        job = Job()
        job._pool, job._call, job._kept = self, None, None
        if is_compiled(fn):
            given = NULL if data is None else pointer(data)
            if type(fn) is not _CData or _typeof(fn) is not _FUNCTION:
                fn, kept = function("filch_job_fn", fn), (fn, kept)
            if given or kept:
                job._kept = (given, kept)
            job._job = self._accept(fn, given, how)
        elif not callable(fn):
            raise TypeError(f"{shown(fn)} is not a function (valid: of cffi, ctypes or numba.cfunc; with blocking=True also a Python callable)")
        elif self._blocking:
            job._call, job._kept = Call(self, fn, () if data is None else (data,), {}), kept
            job._job = self._accept_call(job._call, how)
        else:
            raise TypeError(f"{shown(fn)} is a Python callable; submit it to filch.Executor, or to a pool with blocking=True")
        return job

    def _accept(self, fn, data, how=NULL, handle=True):
        out = _new(_HANDLE) if handle else NULL
        code = _submit(out, self._pool, fn, data, how, 0)
        if code:
            self._retry(code, out, fn, data, how)
        return out[0] if handle else None

    def _accept_call(self, call, how=NULL, handle=True):
        number = next(_numbers)
        _calls[number] = call
        try:
            return self._accept(_run, ffi.cast("void *", number), how, handle)
        except BaseException:
            _calls.pop(number, None)
            raise

    def _retry(self, code, out, fn, data, how):
        """The queue is full: waits for room."""
        self._use()
        if code == -errno.ETIMEDOUT:
            code = wait("Pool.submit", _submit, out, self._pool, fn, data, how)
        check(code)

    def wait(self, timeout=None):
        """Waits until no job waits or runs. Errors: TimedOut; EDEADLK (in a job of the pool)."""
        self._refuse_in_job("Pool.wait")
        check(wait("Pool.wait", lib.filch_pool_wait, self._use(), timeout=timeout))

    def cancel_waiting(self):
        """Cancels all waiting jobs, and returns their number."""
        return lib.filch_pool_cancel_waiting(self._use())

    def stop(self):
        """Accepts no more jobs. Accepted ones still run."""
        lib.filch_pool_close(self._use())

    def close(self):
        """Accepts no more jobs, waits for the accepted ones, and frees the pool. Ctrl-C ends the wait. Error: EDEADLK (in a job)."""
        if self._closed:
            return
        self._refuse_in_job("Pool.close")
        lib.filch_pool_close(self._pool)
        check(wait("Pool.close", lib.filch_pool_wait, self._pool))
        if not self._end():
            return
        self._closed = True
        pool, self._pool = self._pool, NULL
        check(lib.filch_pool_destroy(pool))
        for number, call in list(_calls.items()):
            if call.pool is self:
                _calls.pop(number, None)
        self._kept.clear()
        if self._own:
            self._own.close()

    def _refuse_in_job(self, what):
        if getattr(_here, "pool", None) is self:
            raise error(errno.EDEADLK, f"{what} in a job of the same pool would wait for that job; let the job return")
        refuse_on_worker(what)

    def resize(self, width):
        check(lib.filch_pool_resize(self._use(), whole("width", width)))

    def stats(self):
        """The pool's numbers: {name: number}; outcomes: {name: number}."""
        numbers = _read(lib.filch_pool_stats_read, "filch_pool_stats", self._use())
        names = ffi.typeof("filch_outcome").elements
        numbers["outcomes"] = {names[i][len("FILCH_"):].lower(): count for i, count in enumerate(numbers["outcomes"]) if i}
        return numbers
