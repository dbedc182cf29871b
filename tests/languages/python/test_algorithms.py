#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Sorts, loops, reductions and scans over buffers, against NumPy and Python."""
import array
import random
import unittest

import filch
from filch import algorithms
from functions import by_ctypes, cffi_pointer

import numpy

SIZE = 300_000


class Sorts(unittest.TestCase):
    def test_each_number_is_sorted_as_by_numpy(self):
        for code in ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"):
            with self.subTest(code):
                values = numpy.random.default_rng(1).integers(0, 1 << 62, SIZE).view("int64")
                values = (values.astype("float64") - (1 << 61)).astype(code) if code.startswith("float") else values.astype(code)
                ours = values.copy()
                filch.sort(ours)
                self.assertTrue((ours == numpy.sort(values)).all())

    def test_nans_end_last(self):
        values = numpy.array([2.0, numpy.nan, -1.0, numpy.inf])
        filch.sort(values)
        self.assertEqual(list(values[:3]), [-1.0, 2.0, numpy.inf])

    def test_any_buffer_is_sorted_in_place(self):
        values = array.array("l", random.Random(1).sample(range(-SIZE, SIZE), SIZE))
        expected = sorted(values)
        filch.sort(values)
        self.assertEqual(list(values), expected)
        text = bytearray(b"filch")
        filch.sort(memoryview(text)[1:])
        self.assertEqual(text, b"fchil")

    def test_records_are_sorted_stably_by_a_field(self):
        people = numpy.zeros(SIZE, dtype=[("name", "i4"), ("age", "f8")])
        people["name"], people["age"] = numpy.arange(SIZE), numpy.arange(SIZE) * 7 % 90
        expected = people[numpy.argsort(people["age"], kind="stable")]
        for key in ("age", (4, "d")):
            ours = people.copy()
            filch.sort(ours, key=key)
            self.assertTrue((ours == expected).all())

    def test_compiled_comparisons_decide(self):
        for stable in (False, True):
            values = numpy.random.default_rng(2).integers(-1000, 1000, SIZE, dtype="int32")
            expected = numpy.sort(values)[::-1]
            filch.sort(values, less=by_ctypes.greater, stable=stable)
            self.assertTrue((values == expected).all())

    def test_refusals_say_what_is_valid(self):
        for values, words in ((b"bytes", "read-only"), (numpy.zeros((2, 2)), "2 dimensions"), (numpy.zeros(4)[::2], "with gaps"),
                              ([3, 1], "a list cannot be sorted in place"),
                              (numpy.zeros(2, ">i4"), "format '>i'"), (numpy.zeros(2, complex), "format 'Zd'")):
            with self.assertRaisesRegex(TypeError, words):
                filch.sort(values)

    def test_keys_and_comparisons_are_checked(self):
        people = numpy.zeros(3, dtype=[("age", "f8")])
        for kind, words, how in (
            (TypeError, r"key <function .*lambda.* is not a place in an item .*sorted\(\)", {"key": lambda one: one}),
            (TypeError, "key \\(4,\\) is not a place", {"key": (4,)}),
            (ValueError, "unknown key 'name' \\(valid: age\\)", {"key": "name"}),
            (TypeError, r"less <function .*lambda.* is not a compiled function .*sorted\(\)", {"less": lambda a, b: a < b}),
            (TypeError, "both key and less", {"key": "age", "less": by_ctypes.greater}),
            (TypeError, "runtime 5 is not a Runtime", {"key": "age", "runtime": 5}),
        ):
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                filch.sort(people, **how)
        with self.assertRaisesRegex(ValueError, "these items have no fields"):
            filch.sort(array.array("i", [2, 1]), key="age")
        with self.assertRaisesRegex(TypeError, "a list cannot be sorted in place"):
            filch.sort([2, 1], less=by_ctypes.greater)


class Loops(unittest.TestCase):
    def test_compiled_bodies_cover_the_range(self):
        values = numpy.arange(SIZE, dtype="float64")
        for body in (by_ctypes.twice, cffi_pointer("twice")):
            self.assertEqual(filch.for_each(body, SIZE, values), 0)
        self.assertTrue((values == 4 * numpy.arange(SIZE)).all())

    def test_a_body_stops_the_loop(self):
        self.assertEqual(filch.for_each(by_ctypes.stop, 10), 7)

    def test_callables_get_parts_that_cover_the_range(self):
        values = numpy.zeros(SIZE, dtype="int32")

        def add(begin, end):
            values[begin:end] += 1

        filch.for_each(add, SIZE, hint=1000)
        self.assertTrue((values == 1).all())
        with self.assertRaises(ZeroDivisionError):
            filch.for_each(lambda begin, end: 1 // begin, SIZE, hint=1000)

    def test_wrong_arguments_are_named(self):
        for kind, words, given in (
            (TypeError, "5 is not a function", (5, 10)),
            (TypeError, r"size \[1, 2\] is not a whole number", (print, [1, 2])),
            (ValueError, "size -1 is out of range", (print, -1)),
            (TypeError, "context is for compiled functions", (print, 10, numpy.zeros(10))),
        ):
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                filch.for_each(*given)

    def test_callables_may_call_algorithms(self):
        sums = []

        def add(begin, end):
            sums.append(int(filch.reduce(numpy.ones(SIZE), numpy.add)))
            filch.for_each(lambda low, high: sums.append(high - low), end - begin, hint=(end - begin) // 4)

        filch.for_each(add, 8, hint=1)
        self.assertEqual(sums.count(SIZE), 8)

    def test_a_closed_shared_runtime_is_replaced(self):
        first = filch.runtime()
        first.close()
        values = array.array("i", [2, 1])
        filch.sort(values)
        self.assertEqual(list(values), [1, 2])
        self.assertIsNot(filch.runtime(), first)
        with self.assertRaises(filch.Error):
            filch.sort(values, runtime=first)


class Reductions(unittest.TestCase):
    def test_ufuncs_reduce_as_numpy(self):
        values = numpy.random.default_rng(3).integers(-1000, 1000, SIZE, dtype="int32")
        for how in (numpy.add, numpy.maximum, numpy.bitwise_xor):
            result = filch.reduce(values, how)
            self.assertEqual((result, result.dtype), (how.reduce(values), how.reduce(values).dtype))
        self.assertEqual(filch.reduce(values[:0], numpy.add), 0)

    def test_listed_ufuncs_agree_with_numpy(self):
        values = numpy.random.default_rng(5).integers(1, 7, SIZE, dtype="int32")
        for name in algorithms.ASSOCIATIVE:
            how, given = getattr(numpy, name), values.astype("float64") if name in ("logaddexp", "logaddexp2", "hypot") else values
            for ours, theirs in ((filch.reduce(given, how), how.reduce(given)), (filch.scan(given, how), how.accumulate(given))):
                with self.subTest(name):
                    self.assertEqual(ours.dtype, theirs.dtype)
                    numpy.testing.assert_allclose(ours, theirs)
        objects = values.astype(object)
        self.assertEqual(filch.reduce(objects, numpy.logical_and), numpy.logical_and.reduce(objects))
        table = values.reshape(-1, 2)
        self.assertTrue((filch.scan(table, numpy.add) == numpy.add.accumulate(table)).all())
        self.assertTrue((filch.scan([1] * SIZE + [0.5], numpy.add) == numpy.add.accumulate([1] * SIZE + [0.5])).all())

    def test_other_ufuncs_are_refused(self):
        values = numpy.arange(10.0)
        for call, how, kind, words in (
            (filch.reduce, numpy.subtract, ValueError, r"reduce\(\): subtract is not associative \(valid: add, multiply, "),
            (filch.scan, numpy.divide, ValueError, r"scan\(\): divide is not associative \(valid: add, "),
            (filch.reduce, numpy.power, ValueError, "power is not associative"),
            (filch.reduce, numpy.sin, ValueError, "sin is not associative"),
        ):
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                call(values, how)

    def test_wrong_arguments_are_named(self):
        values = numpy.arange(100_000)
        for call, kind, words in (
            (lambda: filch.reduce(numpy.add, values), TypeError, r"how array\(.*\) has no reduce"),
            (lambda: filch.reduce(None, numpy.add), TypeError, "values None is not an array"),
            (lambda: filch.reduce(values, "add"), TypeError, "how 'add' has no reduce"),
            (lambda: filch.reduce(values, numpy.add, 5), TypeError, "context is for compiled functions"),
            (lambda: filch.scan(values, numpy.add, context=5), TypeError, "context is for compiled functions"),
            (lambda: filch.scan(values, numpy.add, 5), ValueError, r"out 5 does not fit values \(valid: an array of shape \(100000,\)"),
            (lambda: filch.scan(values, numpy.add, values[1:]), ValueError, r"does not fit values"),
        ):
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                call()

    def test_compiled_functions_reduce(self):
        how = filch.Reduction(8, by_ctypes.zero, by_ctypes.squares, by_ctypes.join_sums)
        self.assertEqual(int.from_bytes(filch.reduce(SIZE, how), "little"), sum(i * i for i in range(SIZE)))

    def test_scans_are_those_of_numpy(self):
        values = numpy.random.default_rng(4).integers(-1000, 1000, SIZE, dtype="int64")
        expected = numpy.add.accumulate(values)
        self.assertTrue((filch.scan(values, numpy.add) == expected).all())
        self.assertTrue((filch.scan(values[:100], numpy.add) == expected[:100]).all())
        self.assertTrue((filch.scan(values, numpy.maximum) == numpy.maximum.accumulate(values)).all())
        how = filch.Scanning(8, by_ctypes.scan_make, by_ctypes.scan_sum, by_ctypes.scan_items)
        out = numpy.empty_like(values)
        self.assertIs(filch.scan(values, how, out), out)
        self.assertTrue((out == expected).all())
        small = values.astype("int8")
        self.assertEqual(filch.scan(small, numpy.add).dtype, numpy.add.accumulate(small).dtype)
        filch.scan(values, numpy.add, out=values)
        self.assertTrue((values == expected).all())
        with self.assertRaisesRegex(ValueError, r"out has 8 bytes \(valid: "):
            filch.scan(values, how, out[:1])

    def test_python_callables_are_refused(self):
        for call, words in ((filch.reduce, "has no reduce.* functools.reduce"), (filch.scan, "has no accumulate.* itertools.accumulate")):
            with self.assertRaisesRegex(TypeError, words):
                call([1, 2], max)


if __name__ == "__main__":
    unittest.main()
