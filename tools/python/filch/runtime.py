# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runtimes, and tasks and futures of compiled functions."""
import contextlib
import errno
import json
import os

from ._library import NULL, UINT_MAX, Owner, Shared, aligned, chars, check, configure, error, ffi, function, lib, pointer, shown, wait, whole

WORDS = 5  # of 64 bits: the arguments of a task


class Future:
    """The result of a task, or a value that is set once, by any thread. Waiting keeps the GIL free."""

    def __init__(self):
        self._future, self._memory = aligned("filch_future")

    def set(self, value):
        """Sets its value: a number of 64 bits, or bytes. Error: EALREADY."""
        try:
            data = value.to_bytes(8, "little", signed=True) if isinstance(value, int) else bytes(memoryview(value))
        except OverflowError:
            raise ValueError(f"value {value} is out of range (-2^63..2^63-1, or bytes)") from None
        except TypeError:
            raise TypeError(f"value {shown(value)} is neither a number of 64 bits nor bytes") from None
        check(lib.filch_future_set(self._future, data, len(data)))

    def fail(self, code, why):
        """Fails it with an errno and a sentence. Error: EALREADY."""
        check(lib.filch_future_fail(self._future, NULL, 0, -whole("code", code, 4095), b"%s", chars("why", why)))

    def done(self):
        return bool(lib.filch_future_done(self._future))

    def wait(self, timeout=None):
        """Waits until it is done. Errors: TimedOut; that of its failure."""
        code = wait("Future.wait", lib.filch_await_until, self._future, timeout=timeout, done=self.done)
        if code and self.done():
            raise error(-code, ffi.string(lib.filch_future_failure(self._future).message).decode("utf-8", "replace"))
        check(code)

    def result(self, timeout=None):
        """Waits, and returns the value: a number if it has 64 bits, else bytes."""
        self.wait(timeout)
        value = bytes(ffi.buffer(lib.filch_future_value(self._future, self._future.size), self._future.size))
        return int.from_bytes(value, "little", signed=True) if len(value) == 8 else value


class Runtime(Owner):
    """Workers for compiled functions. Settings are those of filch_config: workers, bind, policy, queue, stack_size, trace, ..."""

    _used = True

    def __init__(self, workers=None, **settings):
        config, self._kept = configure("filch_config", {"workers": workers, **settings})
        out = ffi.new("filch_runtime **")
        check(lib.filch_runtime_create(out, config))
        self._runtime = out[0]
        self._started = []  # futures of tasks, which must stay in place
        self._begin()

    def _use(self):
        if self._runtime == NULL:
            raise error(errno.EPIPE, "the runtime is closed; create a new one")
        return self._runtime

    def close(self):
        """Waits until everything that was started has ended, and frees it. Error: EBUSY (a pool uses it)."""
        for future in self._started:
            wait("Runtime.close", lib.filch_await_until, future._future, done=future.done)
        if self._end():
            code = lib.filch_runtime_destroy(self._runtime)
            if code:
                self._begin()
            check(code)
            self._runtime = NULL
            self._started.clear()

    def _task(self, fn, words):
        if len(words) > WORDS:
            raise TypeError(f"a task has {len(words)} arguments (at most {WORDS})")
        name = ffi.new("char[]", getattr(fn, "__name__", "task").encode())
        task = ffi.new("filch_task *", {"run": function("filch_run_fn", fn), "name": name})
        slot, memory = aligned("filch_slot")
        for word in words:
            if isinstance(word, int) and not -(1 << 63) <= word < 1 << 64:
                raise ValueError(f"argument {word} is out of range (64 bits)")
        kept = [pointer(word) if not isinstance(word, int) else word for word in words]
        for i, word in enumerate(kept):
            slot.args[i] = word & (1 << 64) - 1 if isinstance(word, int) else int(ffi.cast("uintptr_t", word))
        return task, slot, (task, name, slot, memory, kept, fn)

    def run(self, fn, *words):
        """Runs a compiled task fn(self, slot) and returns its result, a number of 64 bits. Its arguments, numbers or addresses of
        data, are slot->args[0], ...; it leaves its result in slot->args[0]. Errors: EDEADLK (on a worker); that of a panic."""
        task, slot, _kept = self._task(fn, words)
        check(lib.filch_run(self._use(), task, slot))
        return int(ffi.cast("int64_t", slot.args[0]))

    def start(self, fn, *words):
        """Starts a task as run() does, and returns its future."""
        future = Future()
        task, slot, future._task = self._task(fn, words)
        check(lib.filch_async(self._use(), future._future, task, slot, 8, NULL, 0))
        self._started = [one for one in self._started if not one.done()] + [future]
        return future

    @property
    def workers(self):
        return lib.filch_runtime_workers(self._use())

    def resize(self, workers):
        """Sets the number of workers, at most the setting max_workers."""
        check(lib.filch_runtime_resize(self._use(), whole("workers", workers, UINT_MAX)))

    def set_policy(self, policy):
        """Sets how thieves choose victims: 'random', 'nearest', ..."""
        check(lib.filch_runtime_set_policy(self._use(), chars("policy", policy)))

    def stats(self, worker=lib.FILCH_ALL_WORKERS):
        """The counts of all workers, or of one: {name: number}."""
        return _read(lib.filch_runtime_stats_read, "filch_runtime_stats", self._use(), whole("worker", worker))

    def stats_by_worker(self):
        """All statistics with those of each worker, and its steals by victim."""
        parts = []

        @ffi.callback("filch_write_fn")
        def write(text, size, _arg):
            parts.append(ffi.buffer(text, size)[:])
            return 0

        check(lib.filch_runtime_stats_write_json(self._use(), write, NULL))
        return json.loads(b"".join(parts))

    def describe(self):
        """The configuration in use, with reasons, as text."""
        size = lib.filch_runtime_describe(self._use(), NULL, 0) + 1
        text = ffi.new("char[]", size)
        lib.filch_runtime_describe(self._use(), text, size)
        return ffi.string(text).decode()

    @contextlib.contextmanager
    def trace(self, file, options=None):
        """Records the workers into a file while the block runs; filch.trace() and `filch trace` read it."""
        name = chars("file", os.fspath(file) if isinstance(file, os.PathLike) else file)
        check(lib.filch_trace_start(self._use(), name, chars("options", options) if options else NULL))
        try:
            yield
        finally:
            check(lib.filch_trace_stop(self._use()))


def _read(call, kind, *given):
    """{field: number} of a struct of statistics; arrays become lists."""
    out = ffi.new(f"{kind} *")
    check(call(*given, out, ffi.sizeof(kind)) or 0)
    return {name: getattr(out, name) if field.type.kind == "primitive" else list(getattr(out, name)) for name, field in ffi.typeof(kind).fields}


_shared = Shared(Runtime)


def runtime():
    """The runtime that algorithms use unless they are given one: created by the first call, with a worker for each core."""
    return _shared.get()
