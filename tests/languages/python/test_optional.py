#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long (it needs numba and pandas, which are large)
"""Functions that Numba compiles, and frames of pandas."""
import sys
import unittest

import filch

try:
    import numpy
    import pandas
    from numba import carray, cfunc, types
except ImportError as missing:
    print(f"{missing} (Debian: python3-numba, python3-pandas)")
    sys.exit(77)

SIZE = 300_000


@cfunc(types.int32(types.voidptr, types.uint64, types.uint64, types.CPointer(types.float64)))
def halve(_self, begin, end, data):
    x = carray(data, end)
    for i in range(begin, end):
        x[i] /= 2
    return 0


@cfunc(types.int32(types.voidptr, types.voidptr, types.CPointer(types.int64)))
def add_one(_self, _job, number):
    number[0] += 1
    return 0


@cfunc(types.void(types.voidptr, types.CPointer(types.int64)))
def product(_self, slot):
    slot[3] *= slot[4]  # slot->args[0] and [1]


class Numba(unittest.TestCase):
    def test_bodies_of_loops_are_compiled(self):
        values = numpy.arange(SIZE, dtype="float64")
        filch.for_each(halve, SIZE, values)
        self.assertTrue((values == numpy.arange(SIZE) / 2).all())

    def test_jobs_and_tasks_are_compiled(self):
        number = numpy.zeros(1, dtype="int64")
        with filch.Pool(1) as pool:
            for _ in range(10):
                pool.submit(add_one, number).result()
        self.assertEqual(number[0], 10)
        self.assertEqual(filch.ffi.offsetof("filch_slot", "args"), 3 * 8)
        self.assertEqual(filch.runtime().run(product, 6, 7), 42)


class Frames(unittest.TestCase):
    def test_frames_have_the_rows(self):
        rows = [{"workers": 1, "seconds": 2.0}, {"workers": 2, "seconds": 1.0}]
        frame = filch.frame({"rows": rows})
        self.assertIsInstance(frame, pandas.DataFrame)
        self.assertEqual(frame.to_dict("records"), rows)


if __name__ == "__main__":
    unittest.main()
