#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pools: compiled functions on workers, Python callables on threads."""
import array
import errno
import sys
import threading
import unittest

import filch
from functions import address, by_ctypes, cffi_pointer


class Compiled(unittest.TestCase):
    def test_functions_of_each_kind_run(self):
        number = array.array("q", [0])
        with filch.Pool(2, workers=2) as pool:
            for fn in (by_ctypes.increment, cffi_pointer("increment"), address("increment")):
                for _ in range(10):
                    self.assertEqual(pool.submit(fn, number).wait(), "succeeded")
            pool.post(filch.function("filch_job_fn", by_ctypes.increment), filch.ffi.from_buffer(number))
            pool.wait()
        self.assertEqual(number[0], 31)

    def test_blocking_pools_run_them_off_the_workers(self):
        with filch.Pool(1, blocking=True) as pool:
            with self.assertRaises(filch.Error):  # it returned its worker: -1
                pool.submit(by_ctypes.increment, array.array("q", [0])).result()

    def test_failures_have_the_sentence_of_the_function(self):
        with filch.Pool(1) as pool:
            job = pool.submit(by_ctypes.fail, name="torn")
            self.assertEqual((job.wait(), job.name), ("failed", "torn"))
            with self.assertRaisesRegex(filch.Error, "page 7 is torn"):
                job.result()

    def test_jobs_are_cancelled(self):
        with filch.Pool(1, order="fifo") as pool:
            running, waiting = pool.submit(by_ctypes.wait_for_cancel), pool.submit(by_ctypes.wait_for_cancel)
            self.assertTrue(waiting.cancel())
            self.assertTrue(running.cancel())
            self.assertEqual((running.wait(), waiting.wait()), ("cancelled", "cancelled"))
            self.assertFalse(running.cancel())

    def test_timeouts_are_outcomes_and_not_ends_of_waits(self):
        with filch.Pool(1) as pool:
            job = pool.submit(by_ctypes.wait_for_cancel, timeout=0.05)
            with self.assertRaises(filch.TimedOut):
                job.wait(0)
            self.assertEqual(job.wait(), "timed_out")
            with self.assertRaises(filch.TimedOut):
                job.result()

    def test_a_python_callable_is_refused(self):
        with filch.Pool(1) as pool, self.assertRaisesRegex(TypeError, "filch.Executor"):
            pool.submit(print)

    def test_post_takes_pointers_and_names_submit(self):
        with filch.Pool(1) as pool:
            for given in ((print,), (by_ctypes.increment,), (cffi_pointer("increment"), array.array("q", [0]))):
                with self.assertRaisesRegex(TypeError, r"cannot post .* \(valid: pointers of cffi\); submit\(\) also takes"):
                    pool.post(*given)
            with self.assertRaisesRegex(TypeError, r"cannot post <class 'int'> \(valid: "):
                pool.post(int)
            with self.assertRaisesRegex(ValueError, r"priority -1 is out of range \(0..7\)"):
                pool.submit(by_ctypes.increment, priority=-1)
            with self.assertRaisesRegex(TypeError, r"data 1.5 has no address \(valid: "):
                pool.submit(by_ctypes.increment, 1.5)

    def test_settings_are_checked_by_name(self):
        wrong = (
            (ValueError, {"order": "random"}, r"unknown order 'random' \(valid: any, fifo, lifo, priority, earliest\)"),
            (ValueError, {"full": "run"}, r"unknown full 'run' \(valid: wait, reject, drop_oldest, drop_newest\)"),
            (ValueError, {"capacity": -1}, "capacity -1 is out of range"),
            (ValueError, {"order": []}, r"unknown order \[\] \(valid: any"),
            (TypeError, {"width": 2.5}, r"width 2.5 is not a whole number \(0..1000000\)"),
            (TypeError, {"width": "x", "blocking": True}, "width 'x' is not a whole number"),
            (ValueError, {"width": 1 << 40}, r"width 1099511627776 is out of range \(0..1000000\)"),
            (ValueError, {"width": 10_001, "blocking": True}, r"width of a blocking pool 10001 is out of range \(0..10000\)"),
            (TypeError, {"timeout": "x"}, "timeout 'x' is not a time"),
            (TypeError, {"timeout": float("nan")}, "timeout nan is not a time"),
            (ValueError, {"timeout": -1}, "timeout -1 is out of range"),
            (TypeError, {"runtime": 0}, "runtime 0 is not a Runtime"),
            (TypeError, {"name": 5}, "name 5 is not a str"),
            (TypeError, {"blocking": "no"}, "blocking 'no' is not a bool"),
            (TypeError, {"retry": {}}, r"retry \{\} is not a pointer of cffi \(struct filch_retry_policy \*\)"),
            (TypeError, {"size": 8}, "unknown setting 'size'"),
        )
        for kind, settings, words in wrong:
            with self.assertRaisesRegex(kind, words):
                filch.Pool(**{"width": 1, **settings})
        with filch.Pool(1, timeout=1e12) as pool, self.assertRaisesRegex(TypeError, "5 is not a function"):
            pool.submit(5)
        with self.assertRaisesRegex(filch.Error, "aging has no effect"):
            filch.Pool(1, order="fifo", aging=1)


class Callables(unittest.TestCase):
    def setUp(self):
        self.pool = filch.Pool(2, blocking=True, order="priority", capacity=4)
        self.addCleanup(self.pool.close)

    def test_results_and_exceptions_come_back(self):
        self.assertEqual(self.pool.submit(str.upper, "ada").result(), "ADA")
        self.assertEqual(self.pool.submit(dict).result(), {})
        job = self.pool.submit(int, "x")
        with self.assertRaises(ValueError):
            job.result()
        self.assertEqual(job.outcome, "failed")
        self.assertEqual(self.pool.stats()["outcomes"]["failed"], 1)

    def test_jobs_may_wait_for_other_jobs_of_the_runtime(self):
        inner = filch.Pool(1, blocking=True)
        self.addCleanup(inner.close)
        self.assertEqual(self.pool.submit(lambda: inner.submit(lambda: 6).result() * 7).result(), 42)

    def test_deep_recursion_raises_and_does_not_crash(self):
        def deep(n):
            return repr([deep(n + 1)])

        with self.assertRaises(RecursionError):
            self.pool.submit(deep, 0).result()

    def test_width_limits_the_jobs_in_progress(self):
        together = threading.Barrier(2)
        jobs = [self.pool.submit(together.wait, 10) for _ in range(4)]
        for job in jobs:
            job.result()
        self.assertEqual(self.pool.stats()["running_most"], 2)

    def test_full_queues_wait_or_refuse(self):
        hold = threading.Event()
        jobs = [self.pool.submit(hold.wait) for _ in range(6)]
        threading.Timer(0.05, hold.set).start()
        jobs.append(self.pool.submit(int))  # waits for room
        self.assertTrue(hold.is_set())
        self.pool.wait()
        self.assertEqual({job.outcome for job in jobs}, {"succeeded"})
        hold.clear()
        with filch.Pool(1, blocking=True, capacity=1, full="reject") as strict:
            for _ in range(2):
                strict.submit(hold.wait)
            with self.assertRaises(filch.Error):
                strict.submit(int)
            hold.set()

    def test_keys_are_unique_among_waiting_jobs(self):
        hold = threading.Event()
        self.pool.submit(hold.wait, key="a")
        with self.assertRaises(filch.Error):
            self.pool.submit(int, key="a")
        hold.set()

    def test_the_priority_of_a_waiting_job_changes(self):
        hold, ran = threading.Event(), []
        pool = filch.Pool(1, blocking=True, order="priority")
        self.addCleanup(pool.close)
        self.addCleanup(hold.set)
        running = pool.submit(hold.wait)
        jobs = [pool.submit(ran.append, i, priority=3) for i in range(3)]
        jobs[1].set_priority(7)
        jobs[0].set_priority(0)
        for wrong, kind, words in (("high", TypeError, "priority 'high' is not a whole number"), (8, ValueError, r"priority 8 is out of range \(0..7\)")):
            with self.assertRaisesRegex(kind, words):
                jobs[2].set_priority(wrong)
        hold.set()
        pool.wait()
        self.assertEqual(ran, [1, 2, 0])
        with self.assertRaises(filch.Error) as late:
            running.set_priority(1)
        self.assertEqual(late.exception.errno, errno.EALREADY)

    def test_closing_in_a_job_is_refused(self):
        with self.assertRaisesRegex(filch.Error, "in a job of the same pool"):
            self.pool.submit(self.pool.close).result()

    def test_closed_pools_refuse(self):
        self.pool.stop()
        with self.assertRaises(filch.Closed):
            self.pool.submit(int)
        self.pool.close()
        with self.assertRaises(filch.Closed):
            self.pool.submit(int)

    def test_callables_are_released(self):
        class Thing:
            pass

        thing = Thing()
        before = sys.getrefcount(thing)
        for _ in range(5):
            self.pool.submit(id, thing).result()
        self.pool.submit(id, thing)
        self.pool.wait()
        self.assertEqual(sys.getrefcount(thing), before)

    def test_more_jobs_than_the_usual_threads_run_at_once(self):
        together = threading.Barrier(80)
        with filch.Pool(80, blocking=True, workers=1) as wide:
            for job in [wide.submit(together.wait, 20) for _ in range(80)]:
                job.result()


if __name__ == "__main__":
    unittest.main()
