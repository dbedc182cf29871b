#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runtimes, tasks, futures and channels, with compiled functions and Python threads."""
import array
import threading
import unittest

import filch
from functions import address, by_ctypes


class Runtimes(unittest.TestCase):
    def test_settings_are_those_of_the_library(self):
        with filch.Runtime(2, policy="nearest", stack_size=1 << 17) as rt:
            self.assertEqual(rt.workers, 2)
            self.assertIn("nearest", rt.describe())
        with self.assertRaisesRegex(filch.Error, "unknown policy 'neerest'"):
            filch.Runtime(policy="neerest")
        with self.assertRaisesRegex(TypeError, "unknown setting 'polcy'"):
            filch.Runtime(polcy="nearest")

    def test_wrong_kinds_of_arguments_are_named(self):
        future, rt = filch.Future(), filch.Runtime(1)
        self.addCleanup(rt.close)
        for kind, words, call in (
            (TypeError, "workers 'x' is not a whole number", lambda: filch.Runtime("x")),
            (TypeError, "policy 5 is not a str", lambda: filch.Runtime(policy=5)),
            (TypeError, "policy 5 is not a str", lambda: rt.set_policy(5)),
            (TypeError, "workers 'x' is not a whole number", lambda: rt.resize("x")),
            (TypeError, "print> is not a compiled function .* use filch.Executor", lambda: rt.run(print)),
            (ValueError, "argument 18446744073709551616 is out of range .64 bits", lambda: rt.run(by_ctypes.combine, 1 << 64, 0)),
            (TypeError, "capacity 'x' is not a whole number", lambda: filch.Channel("x")),
            (ValueError, "capacity -1 is out of range .0 or more", lambda: filch.Channel(-1)),
            (TypeError, "size 'x' is not a whole number", lambda: filch.Channel(1, "x")),
            (TypeError, "item 5 is not bytes .valid: 8 bytes", lambda: filch.Channel(1, 8).send(5)),
            (TypeError, "value 1.5 is neither a number", lambda: future.set(1.5)),
            (TypeError, "value 'x' is neither a number", lambda: future.set("x")),
            (ValueError, "value 9223372036854775808 is out of range", lambda: future.set(1 << 63)),
            (TypeError, "code 'x' is not a whole number", lambda: future.fail("x", "y")),
            (TypeError, "why 6 is not a str", lambda: future.fail(5, 6)),
            (TypeError, "worker 'x' is not a whole number", lambda: rt.stats("x")),
            (TypeError, "file 5 is not a str", lambda: rt.trace(5).__enter__()),
            (TypeError, "options 5 is not a str", lambda: rt.trace("x", 5).__enter__()),
            (TypeError, "max_workers 'x' is not a whole number", lambda: filch.Executor("x")),
            (ValueError, "max_workers 0 is out of range .1..10000.", lambda: filch.Executor(0)),
            (ValueError, "max_workers -1 is out of range .1..10000.", lambda: filch.Executor(-1)),
            (ValueError, "max_workers 10001 is out of range .1..10000.", lambda: filch.Executor(10001)),
            (TypeError, "runtime 5 is not a Runtime", lambda: filch.Executor(1, runtime=5)),
        ):
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                call()

    def test_tasks_get_words_and_return_one(self):
        with filch.Runtime(2) as rt:
            self.assertEqual(rt.run(by_ctypes.combine, 40, 1), 42)
            self.assertEqual(rt.run(address("combine"), -3, 1), -1)
            self.assertEqual([one.result() for one in [rt.start(by_ctypes.combine, i, i) for i in range(50)]], [3 * i for i in range(50)])
            with self.assertRaisesRegex(TypeError, "6 arguments"):
                rt.run(by_ctypes.combine, *range(6))

    def test_panics_become_errors_with_their_message(self):
        with filch.Runtime(1) as rt:
            with self.assertRaisesRegex(filch.Error, "number 7 is wrong"):
                rt.run(by_ctypes.panic, 7)
            with self.assertRaisesRegex(filch.Error, "number 8 is wrong"):
                rt.start(by_ctypes.panic, 8).result()

    def test_statistics_count_jobs(self):
        with filch.Runtime(2) as rt:
            for _ in range(5):
                rt.start(by_ctypes.combine, 1, 1).result()
            self.assertGreaterEqual(rt.stats()["jobs_run"], 5)
            self.assertEqual(len(rt.stats_by_worker()["by_worker"]), 2)
            self.assertEqual(rt.stats(0)["fibers"], 0)

    def test_workers_and_policy_can_change(self):
        with filch.Runtime(1, max_workers=2) as rt:
            rt.resize(2)
            self.assertEqual(rt.workers, 2)
            rt.set_policy("round-robin")
            with self.assertRaisesRegex(filch.Error, "3"):
                rt.resize(3)

    def test_closed_twice_is_closed_once(self):
        rt = filch.Runtime(1)
        rt.close()
        rt.close()
        for use in (lambda: filch.Pool(1, runtime=rt), lambda: rt.run(by_ctypes.combine, 1, 1), lambda: rt.start(by_ctypes.combine, 1, 1),
                    lambda: rt.workers, lambda: rt.resize(1), lambda: rt.set_policy("random"), rt.stats, rt.stats_by_worker, rt.describe, lambda: rt.trace("x").__enter__(),
                    lambda: filch.for_each(by_ctypes.stop, 1, runtime=rt)):
            with self.assertRaisesRegex(filch.Closed, "the runtime is closed; create a new one"):
                use()

    def test_a_used_runtime_stays_open(self):
        rt = filch.Runtime(1)
        with filch.Pool(1, runtime=rt):
            with self.assertRaises(filch.Error):
                rt.close()
        rt.close()

    def test_a_python_function_on_a_worker_may_not_wait(self):
        seen = []

        @filch.ffi.callback("filch_run_fn")
        def task(_self, _slot):
            try:
                filch.Future().wait()
            except filch.Error as why:
                seen.append(str(why))

        with filch.Runtime(1, guest="0", stack_size=1 << 20) as rt:
            rt.run(task)
        self.assertIn("would suspend Python code", seen[0])


class Futures(unittest.TestCase):
    def test_a_future_has_one_value(self):
        future = filch.Future()
        self.assertFalse(future.done())
        with self.assertRaises(filch.TimedOut):
            future.wait(0)
        threading.Timer(0.01, future.set, (7,)).start()
        self.assertEqual(future.result(), 7)
        with self.assertRaises(filch.Error):
            future.set(8)

    def test_bytes_and_failures_arrive(self):
        future = filch.Future()
        future.set(b"twelve bytes")
        self.assertEqual(future.result(), b"twelve bytes")
        broken = filch.Future()
        broken.fail(110, "too late")  # ETIMEDOUT, which is no time-out of the wait
        with self.assertRaisesRegex(filch.TimedOut, "too late"):
            broken.result()


class Channels(unittest.TestCase):
    def test_objects_arrive_in_order(self):
        channel, sent = filch.Channel(2), [object() for _ in range(100)]

        def send():
            for one in sent:
                channel.send(one)
            channel.close()

        thread = threading.Thread(target=send)
        thread.start()
        received = list(channel)
        thread.join()
        self.assertTrue(all(a is b for a, b in zip(received, sent)) and len(received) == len(sent))

    def test_refusals_have_their_exceptions(self):
        channel = filch.Channel(1)
        self.assertIsNone(channel.try_receive())
        self.assertTrue(channel.try_send("a"))
        self.assertFalse(channel.try_send("b"))
        with self.assertRaises(filch.TimedOut):
            channel.send("c", timeout=0)
        channel.close()
        channel.close()
        with self.assertRaises(filch.Closed):
            channel.send("d")
        self.assertEqual(channel.receive(), "a")
        with self.assertRaises(filch.Closed):
            channel.receive()
        self.assertEqual(channel._objects, {})

    def test_compiled_tasks_receive_from_python(self):
        with filch.Runtime(1) as rt:
            channel = filch.Channel(4, size=8)
            total = rt.start(by_ctypes.drain, channel.address)
            for i in range(1000):
                channel.send(i.to_bytes(8, "little"))
            channel.close()
            self.assertEqual(total.result(), sum(range(1000)))
        with self.assertRaisesRegex(ValueError, "4 bytes does not fit"):
            channel.send(array.array("i", [1]))


if __name__ == "__main__":
    unittest.main()
