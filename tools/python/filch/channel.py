# SPDX-License-Identifier: MIT OR Apache-2.0
"""Channels: between Python threads, and between Python and compiled tasks."""
import errno
import itertools
import weakref

from ._library import NULL, _Orphan, check, ffi, in_child, lib, shown, wait, whole

_all = weakref.WeakSet()
_numbers = itertools.count(1)


@in_child
def _forget():
    for one in list(_all):
        one.__class__ = _Orphan


class Channel:
    """A queue with room for `capacity` items. size=None: items are Python objects. Else they are that many bytes each, and compiled
    tasks may send and receive them: `address` is their filch_channel. Iterating receives until it is closed and empty."""

    def __init__(self, capacity=0, size=None):
        out = ffi.new("filch_channel **")
        check(lib.filch_channel_create(out, 8 if size is None else whole("size", size), whole("capacity", capacity)))
        self._channel, self._size = out[0], size
        self._objects = {}  # in the channel
        _all.add(self)

    @property
    def address(self):
        """For compiled functions."""
        return int(ffi.cast("uintptr_t", self._channel))

    def send(self, item, timeout=None):
        """Waits while it is full. Errors: Closed; TimedOut."""
        self._put("Channel.send", item, lib.filch_channel_send_until, timeout=timeout)

    def try_send(self, item):
        """Returns False if it is full. Error: Closed."""
        return self._put("Channel.try_send", item, None)

    def _put(self, what, item, call, **how):
        number = NULL
        if self._size is None:
            number = next(_numbers)
            self._objects[number] = item
            item = number.to_bytes(8, "little")
        else:
            try:
                size = memoryview(item).nbytes
            except TypeError:
                raise TypeError(f"item {shown(item)} is not bytes (valid: {self._size} bytes, or size=None for any object)") from None
            if size != self._size:
                raise ValueError(f"an item of {size} bytes does not fit the channel (its items have {self._size})")
        try:
            data = ffi.from_buffer(item)
            code = wait(what, call, self._channel, data, **how) if call else lib.filch_channel_try_send(self._channel, data)
            if call or code != -errno.EAGAIN:
                check(code)
        except BaseException:
            self._objects.pop(number, None)
            raise
        if code:
            self._objects.pop(number, None)
        return not code

    def receive(self, timeout=None):
        """The next item; waits while there is none. Errors: Closed (and empty); TimedOut."""
        data = ffi.new("char[]", 8 if self._size is None else self._size)
        check(wait("Channel.receive", lib.filch_channel_receive_until, self._channel, data, timeout=timeout))
        return self._item(data)

    def try_receive(self, default=None):
        """The next item, or the default if there is none. Error: Closed (and empty)."""
        data = ffi.new("char[]", 8 if self._size is None else self._size)
        code = lib.filch_channel_try_receive(self._channel, data)
        if code == -errno.EAGAIN:
            return default
        check(code)
        return self._item(data)

    def _item(self, data):
        if self._size is None:
            return self._objects.pop(int.from_bytes(ffi.buffer(data, 8), "little"))
        return bytes(ffi.buffer(data, self._size))

    def close(self):
        """Ends sending. Items in it can still be received. May be called again."""
        if not lib.filch_channel_closed(self._channel):
            lib.filch_channel_close(self._channel)

    def __iter__(self):
        while True:
            data = ffi.new("char[]", 8 if self._size is None else self._size)
            code = wait("Channel", lib.filch_channel_receive_until, self._channel, data)
            if code == -errno.EPIPE:
                return
            check(code)
            yield self._item(data)

    def __len__(self):
        return lib.filch_channel_length(self._channel)

    def __bool__(self):
        return True

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()

    def __del__(self):
        channel = self.__dict__.get("_channel")
        if channel:
            lib.filch_channel_destroy(channel)
