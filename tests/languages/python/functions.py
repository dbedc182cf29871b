# SPDX-License-Identifier: MIT OR Apache-2.0
"""The compiled functions of tests/languages/compiled.c, by ctypes and by cffi."""
import ctypes
import os
import types

import cffi

by_ctypes = ctypes.CDLL(os.environ["FILCH_FUNCTIONS"])
_ffi = cffi.FFI()
_ffi.cdef("int increment(void *, void *, void *); int twice(void *, size_t, size_t, void *);")
by_cffi = _ffi.dlopen(os.environ["FILCH_FUNCTIONS"])


def cffi_pointer(name):
    return _ffi.addressof(by_cffi, name)


def address(name):
    """An object with an address, as numba.cfunc makes."""
    return types.SimpleNamespace(address=ctypes.cast(getattr(by_ctypes, name), ctypes.c_void_p).value)
