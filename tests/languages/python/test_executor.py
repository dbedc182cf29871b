#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""filch.Executor behaves as concurrent.futures.ThreadPoolExecutor: each test runs on both."""
import concurrent.futures
import threading
import unittest
import weakref

import filch


class Expectations:
    def setUp(self):
        self.executor = self.make(2)
        self.addCleanup(self.executor.shutdown)

    def test_submit_passes_arguments(self):
        self.assertEqual(self.executor.submit(pow, 2, 8).result(), 256)
        self.assertEqual(self.executor.submit(lambda self, fn: (self, fn), self=1, fn=2).result(), (1, 2))
        with self.assertRaises(TypeError):
            self.executor.submit()

    def test_exceptions_come_back_with_their_traceback(self):
        why = self.executor.submit(int, "x").exception()
        self.assertIsInstance(why, ValueError)
        self.assertIsNotNone(why.__traceback__)
        with self.assertRaises(ZeroDivisionError):
            self.executor.submit(lambda: 1 / 0).result()

    def test_base_exceptions_come_back(self):
        def leave():
            raise SystemExit(3)

        with self.assertRaises(SystemExit):
            self.executor.submit(leave).result()
        self.assertEqual(self.executor.submit(int, "5").result(), 5)

    def test_map_keeps_the_order_and_stops_at_an_exception(self):
        self.assertEqual(list(self.executor.map(pow, range(10), range(10))), list(map(pow, range(10), range(10))))
        self.assertEqual(list(self.executor.map(str, range(10), chunksize=4)), list(map(str, range(10))))
        results = self.executor.map(divmod, [1, 1, 1], [1, 0, 1])
        self.assertEqual(next(results), (1, 0))
        with self.assertRaises(ZeroDivisionError):
            next(results)

    def test_map_times_out(self):
        hold = threading.Event()
        self.addCleanup(hold.set)
        results = self.executor.map(lambda item: item and hold.wait(), [False, True], timeout=0.05)
        self.assertFalse(next(results))
        with self.assertRaises(concurrent.futures.TimeoutError):
            next(results)

    def test_only_calls_that_have_not_begun_are_cancelled(self):
        hold, begun = threading.Event(), threading.Semaphore(0)

        def busy():
            begun.release()
            hold.wait()

        running = [self.executor.submit(busy) for _ in range(2)]
        begun.acquire(), begun.acquire()
        waiting = self.executor.submit(int)
        self.assertFalse(running[0].cancel())
        self.assertTrue(waiting.cancel())
        hold.set()
        self.assertIsNone(running[0].result())
        with self.assertRaises(concurrent.futures.CancelledError):
            waiting.result()

    def test_callbacks_and_waits_see_completion(self):
        seen = []
        futures = [self.executor.submit(int, str(i)) for i in range(20)]
        for future in futures:
            future.add_done_callback(seen.append)
        done, undone = concurrent.futures.wait(futures)
        self.assertEqual((len(done), len(undone)), (20, 0))
        self.assertEqual({one.result() for one in concurrent.futures.as_completed(futures)}, set(range(20)))
        self.executor.shutdown()
        self.assertEqual(len(seen), 20)

    def test_shutdown_runs_what_was_accepted(self):
        hold = threading.Event()
        self.executor.submit(hold.wait)
        futures = [self.executor.submit(int) for _ in range(50)]
        threading.Timer(0.02, hold.set).start()
        self.executor.shutdown()
        self.assertTrue(all(future.done() for future in futures))
        self.executor.shutdown()
        with self.assertRaisesRegex(RuntimeError, "cannot schedule new futures after shutdown"):
            self.executor.submit(int)

    def test_shutdown_need_not_wait(self):
        hold = threading.Event()
        future = self.executor.submit(hold.wait)
        self.executor.shutdown(wait=False)
        self.assertFalse(future.done())
        hold.set()
        self.assertTrue(future.result())

    def test_shutdown_cancels_futures(self):
        hold, begun = threading.Event(), threading.Semaphore(0)

        def busy():
            begun.release()
            return hold.wait()

        running = [self.executor.submit(busy) for _ in range(2)]
        begun.acquire(), begun.acquire()
        waiting = [self.executor.submit(int) for _ in range(10)]
        threading.Timer(0.02, hold.set).start()
        self.executor.shutdown(cancel_futures=True)
        self.assertTrue(all(future.cancelled() for future in waiting))
        self.assertEqual([future.result() for future in running], [True, True])

    def test_the_number_of_threads_is_checked(self):
        for number in (0, -1):
            with self.assertRaises(ValueError):
                self.make(number)

    def test_calls_submit_calls(self):
        self.assertEqual(self.executor.submit(lambda: self.executor.submit(pow, 3, 2).result()).result(), 9)

    def test_arguments_are_released(self):
        class Thing:
            def method(self):
                return 1

        thing = Thing()
        gone = weakref.ref(thing)
        self.executor.submit(thing.method).result()
        del thing
        self.executor.submit(int).result()
        self.executor.shutdown()
        self.assertIsNone(gone())

    def test_many_threads_submit_at_once(self):
        results, threads = [], []
        for _ in range(4):
            threads.append(threading.Thread(target=lambda: results.extend(self.executor.submit(int, i).result() for i in range(100))))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), sorted(list(range(100)) * 4))


class OfFilch(Expectations, unittest.TestCase):
    make = staticmethod(filch.Executor)

    def test_capacity_holds_back_submissions(self):
        hold = threading.Event()
        with filch.Executor(1, capacity=1) as executor:
            first, second = executor.submit(hold.wait), executor.submit(hold.wait)
            threading.Timer(0.02, hold.set).start()
            self.assertEqual(executor.submit(int).result(), 0)
            self.assertTrue(first.done() and second.result())


class OfPython(Expectations, unittest.TestCase):
    make = staticmethod(concurrent.futures.ThreadPoolExecutor)


if __name__ == "__main__":
    unittest.main()
