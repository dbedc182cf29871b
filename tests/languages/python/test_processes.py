#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Ctrl-C, fork, and the end of the interpreter: each in a process of its own, which must end."""
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import unittest

import filch

LIMIT = 60  # seconds; a process that hangs fails

WAITS = {
    "a job": "pool.submit(hold.wait).wait()",
    "a pool": "pool.submit(hold.wait); pool.wait()",
    "room in a queue": "[pool.submit(hold.wait) for _ in range(3)]",
    "a future": "filch.Future().wait()",
    "an item": "filch.Channel().receive()",
    "a receiver": "filch.Channel().send(1)",
    "a result": "executor.submit(hold.wait).result()",
    "the end of an executor": "executor.submit(hold.wait); executor.shutdown()",
}
INTERRUPTED = """
import filch, os, signal, sys, threading
hold = threading.Event()
pool, executor = filch.Pool(1, blocking=True, order="fifo", capacity=1), filch.Executor(1)
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted")
hold.set()
"""


AT_EXIT = """
import filch, os, signal, threading
here, begun, go = {here}, threading.Event(), threading.Event()
close = type(here).close
def interrupted():
    go.set()
    close(here)
here.close = interrupted
def interrupt():
    begun.set()
    go.wait()
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()
{submit}
begun.wait()
print("ends", end="")
"""


def run(program, *given):
    return subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, *given], capture_output=True, text=True, timeout=LIMIT)


class Signals(unittest.TestCase):
    def test_ctrl_c_ends_each_wait(self):
        running = {name: subprocess.Popen([sys.executable, "-c", INTERRUPTED.format(wait=wait)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                   for name, wait in WAITS.items()}
        for name, process in running.items():
            with self.subTest(name):
                said, _ = process.communicate(timeout=LIMIT)
                self.assertEqual((said, process.returncode), ("interrupted\n", 0))

    def test_ctrl_c_at_the_end_ends_the_process(self):
        for here, submit in (("filch.Executor(1)", "here.submit(interrupt)"), ("filch.Pool(1, blocking=True)", "here.submit(interrupt)"),
                             ("filch.Runtime(1)", "import ctypes\nchannel = filch.Channel(1, 8)\n"
                              "here.start(ctypes.CDLL(os.environ['FILCH_FUNCTIONS']).drain, channel.address)\n"
                              "threading.Thread(target=interrupt, daemon=True).start()")):
            with self.subTest(here):
                done = run(AT_EXIT.format(here=here, submit=submit))
                self.assertEqual((done.stdout, done.stderr, done.returncode), ("ends", "", -signal.SIGINT))


def in_child(check):
    """The result of check() in the child of os.fork(), as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            said = str(check())
        except BaseException as why:
            said = f"{type(why).__name__}: {why}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def sorted_there(values):
    import array

    numbers = array.array("i", values)
    filch.sort(numbers)
    with filch.Executor(2) as executor:
        return executor.submit(list, numbers).result()


class Forks(unittest.TestCase):
    def setUp(self):
        signal.alarm(LIMIT)  # a child that hangs would keep this process
        self.addCleanup(signal.alarm, 0)
        self.pool, self.executor, self.channel = filch.Pool(1, blocking=True), filch.Executor(1), filch.Channel(1)
        self.addCleanup(self.pool.close)
        self.addCleanup(self.executor.shutdown)
        filch.runtime()

    def test_objects_of_the_parent_raise_in_the_child(self):
        job = self.pool.submit(int)
        job.wait()
        for use in (lambda: self.pool.submit(int), lambda: self.executor.submit(int), lambda: self.channel.send(1), job.wait, lambda: job.outcome):
            self.assertRegex(in_child(use), r"^Error: \[Errno 10\] this object belongs to the parent process")
        self.assertEqual(self.pool.submit(int).result(), 0)

    def test_pending_futures_fail_in_the_child(self):
        import threading

        hold = threading.Event()
        self.executor.submit(hold.wait)
        waiting = self.executor.submit(int)
        self.assertRegex(in_child(waiting.result), "belongs to the parent process")
        hold.set()
        self.assertEqual(waiting.result(), 0)

    def test_the_child_has_a_runtime_of_its_own(self):
        self.assertEqual(in_child(lambda: sorted_there([3, 1, 2])), "[1, 2, 3]")
        self.assertEqual(in_child(lambda: self.pool.close()), "None")

    def test_forked_processes_of_multiprocessing_work(self):
        with multiprocessing.get_context("fork").Pool(2) as processes:
            self.assertEqual(processes.map(sorted_there, [[2, 1], [9, 8, 7]]), [[1, 2], [7, 8, 9]])

    def test_a_forked_child_ends_normally(self):
        done = run("import filch, os, sys\npool = filch.Executor(1)\npool.submit(int).result()\nchannel = filch.Channel()\nchild = os.fork()\n"
                   "if child:\n    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\nsys.exit(5)  # with exit handlers")
        self.assertEqual((done.stderr, done.returncode), ("", 5))


class Exits(unittest.TestCase):
    def test_accepted_jobs_run_before_the_end(self):
        done = run("import filch, time\nfor make in (lambda: filch.Executor(1), lambda: filch.Pool(1, blocking=True)):\n"
                   "    make().submit(lambda: (time.sleep(0.05), print('ran')) and None)\nrt = filch.Runtime(2)\nfuture = filch.Future()")
        self.assertEqual((done.stdout.count("ran"), done.stderr, done.returncode), (2, "", 0))  # two threads print

    def test_an_exception_ends_the_program_with_its_status(self):
        done = run("import filch\npool = filch.Executor()\npool.submit(int)\nfilch.runtime()\nchannel = filch.Channel(1)\nchannel.send([])\nraise SystemExit(3)")
        self.assertEqual((done.stderr, done.returncode), ("", 3))

    def test_a_used_runtime_ends_quietly(self):
        for user in ("user = filch.Pool(1, runtime=rt, blocking=True)\nuser.submit(lambda: print('ran') and None)",
                     "config = filch.ffi.new('filch_pool_config *', {'runtime': rt._use()})\nconfig.size = filch.ffi.sizeof(config[0])\n"
                     "assert not filch.lib.filch_pool_create(filch.ffi.new('filch_pool **'), config)\nprint('ran')"):
            with self.subTest(user):
                done = run(f"import filch\nrt = filch.Runtime(1)\n{user}\ntry:\n    rt.close()\nexcept filch.Error as why:\n    print(why.errno)")
                said = sorted(re.findall("16|ran", done.stdout))  # two threads print, which may mix lines
                self.assertEqual((said, done.stderr, done.returncode), (["16", "ran"], "", 0))

    def test_a_missing_library_is_named(self):
        done = subprocess.run([sys.executable, "-c", "import filch"], env={**os.environ, "LD_LIBRARY_PATH": ""}, capture_output=True, text=True, timeout=LIMIT)
        if done.returncode == 0:
            self.skipTest("the library is also installed in the system")
        self.assertIn("ImportError: libfilch.so.0 not found", done.stderr)


if __name__ == "__main__":
    unittest.main()
