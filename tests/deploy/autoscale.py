# SPDX-License-Identifier: MIT OR Apache-2.0
"""Real workers on a real broker, started and ended as the HPA and KEDA would do it with the overlays of DEPLOY. A burst
starts as many workers as the rules call for. All of them run a job when the first one is ended. Each job is done.

The autoscalers' clock counts syncs of 15 s, each of which takes 15 s / FACTOR here. It stands still while the test waits for
workers, so a slow machine changes no decision. Pods are workers that handle one job at a time."""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import live
import scaling_files
from scaling_rules import SYNC

FACTOR = 300
MOST_SYNCS = 1000  # from the burst to the least number of workers; 50 or so are usual, 200 where counts are 5 s old
HELD = 2  # messages of a worker of width 1: one runs, one is received ahead
QUEUE = "tasks"
SLOTS = 'filch_pool_width{pool="service"}'
COUNTS = {"ready": "worker_queue_depth", "leased": "worker_queue_leased", "delayed": "worker_queue_delayed",
          "dead": "worker_dead_letters"}


@dataclass(frozen=True)
class Case:
    overlay: str
    broker: str
    is_scraped: bool  # the length comes from the workers' /metrics (prometheus-adapter), else from the broker (KEDA)
    jobs: int
    pods: int  # by hand: jobs / target, rounded up, also when each pod holds HELD of them


CASES = (Case("keda", "redis", False, 160, 8), Case("keda-sqs", "sqlite", False, 180, 6), Case("hpa", "sqlite", True, 180, 6))


class Gate:
    """Jobs that wait: opening a FIFO for reading blocks until it has a writer. Each writes its id when it is done."""
    SCRIPT = ': <"$0"; echo "$FILCH_JOB_ID" >>"$0.done"'

    def __init__(self, folder, name):
        self.name, self.path, self.writer = name, folder / name, None
        os.mkfifo(self.path)
        Path(f"{self.path}.done").touch()

    def handler(self):
        return {"type": self.name, "command": ["sh", "-c", self.SCRIPT, str(self.path)]}

    def jobs(self, count):
        return [{"type": self.name, "id": f"{self.name}-{at}", "payload": at} for at in range(count)]

    def open(self):
        if self.writer is None:
            self.writer = os.open(self.path, os.O_RDWR)

    def done(self):
        return Path(f"{self.path}.done").read_text(encoding="utf-8").split()

    def close(self):
        self.open()  # no job is left behind
        os.close(self.writer)


class Redis(live.Child):
    """A server on a socket in the folder. Debian's redis-tools has it under another name."""

    def __init__(self, folder):
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if not program:
            live.skip("redis-server not found (Debian: redis-tools)")
        words = [program, "--port", "0", "--unixsocket", f"{folder}/redis.sock", "--save", "", "--dir", str(folder)]
        super().__init__(["bash", "-c", 'exec -a redis-server "$@" >&2', "bash", *words], f"{folder}/redis.log",
                         ["to accept connections"])
        self.url = f"redis+unix:{folder}/redis.sock"


class File:
    def __init__(self, folder):
        self.url = f"sqlite:{folder}/jobs.db"

    def end(self):
        """The file goes with the folder."""


BROKERS = {"redis": Redis, "sqlite": File}


class Pod(live.Child):
    def __init__(self, command, url, handlers, log):
        super().__init__([command, "--broker", url, "--health-port", "0", "--width", "1", "--queues", QUEUE, "--handlers",
                          json.dumps(handlers)], log, ['"HTTP endpoints listen"', '"service started"'],
                         {"PATH": os.environ["PATH"]})
        self.port = json.loads(self.lines[0])["port"]

    def metric(self, sample):
        """A number, or None while the worker does not know it."""
        value = re.search(rf"^{re.escape(sample)} (\S+)$", live.get(self.port, "/metrics"), re.MULTILINE)
        return None if value is None or value[1] == "NaN" else float(value[1])

    def count(self, field):
        return self.metric(f'{COUNTS[field]}{{queue="{QUEUE}"}}')

    def stop(self):
        """As a kubelet does; `wait` collects it."""
        self.ended_at = time.monotonic()
        self.process.terminate()

    def wait(self, grace):
        """Its exit status and the seconds that it drained."""
        try:
            status = self.process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            sys.exit(f"FAILED: a worker has not ended within its grace period of {grace} s: {self.text()}")
        self.reader.wait()
        return status, time.monotonic() - self.ended_at


def until(ask, text):
    """Brokers and workers tell of nothing by themselves."""
    end = time.monotonic() + live.PATIENCE
    while not ask():
        if time.monotonic() > end:
            sys.exit(f"FAILED: {text}")
        time.sleep(0.02)


class Scene:
    def __init__(self, case, scaler, folder, findings):
        folder.mkdir()
        self.case, self.scaler, self.folder, self.findings = case, scaler, folder, findings
        self.broker = BROKERS[case.broker](folder)
        self.burst, self.last = Gate(folder, "burst"), Gate(folder, "last")
        self.pods, self.stopped, self.syncs, self.in_flight = [], [], 0, 0

    def claim(self, holds, text):
        self.findings.claim(holds, f"{self.case.overlay} on {self.case.broker}: {text}")

    def tool(self, *words, text=None):
        run = subprocess.run([os.environ["FILCH_JOBS"], *words, "--broker", self.broker.url, "--json"], input=text,
                             capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f"FAILED: filch-jobs {' '.join(words)}: {run.stderr}")
        return run.stdout

    def publish(self):
        """The last jobs are those that the workers hold when the first of them is ended."""
        last = self.case.pods * HELD
        self.jobs = self.burst.jobs(self.case.jobs - last) + self.last.jobs(last)
        self.tool("enqueue", "--queue", QUEUE, "--lines", "-", text="".join(f"{json.dumps(job)}\n" for job in self.jobs))

    def counts(self):
        found = json.loads(self.tool("stats", QUEUE))
        return {**found, "leased": found["running"]}

    def length(self):
        if not self.case.is_scraped:
            counts = self.counts()
            return sum(counts[field] for field in self.scaler.counts)
        return max(sum(pod.count(field) for field in self.scaler.counts) for pod in self.pods)

    def start(self):
        number = len(self.pods) + len(self.stopped)
        pod = Pod(os.environ["WORKER_COMMAND"], self.broker.url, [self.burst.handler(), self.last.handler()],
                  self.folder / f"{number}.log")
        self.pods.append(pod)
        until(lambda: all(pod.count(field) is not None for field in COUNTS), f"no counts of the queue: {pod.text()}")

    def stop(self):
        """The youngest, as a ReplicaSet does where nothing else decides."""
        pod = self.pods.pop()
        self.in_flight += int(pod.metric("worker_active"))
        pod.stop()
        self.stopped.append(pod)
        self.last.open()

    def scale(self, pods):
        while len(self.pods) < pods:
            self.start()
        while len(self.pods) > pods:
            self.stop()

    def sync(self):
        self.scale(self.scaler.decide(self.syncs * SYNC, len(self.pods), self.length()))
        self.syncs += 1
        time.sleep(SYNC / FACTOR)

    def climb(self):
        for _ in range(4):
            self.sync()
        self.claim(len(self.pods) == self.case.pods, f"{self.case.jobs} jobs start {self.case.pods} workers, not {len(self.pods)}")
        self.findings.stop_if_any()
        until(lambda: all(pod.metric("worker_active") == 1 for pod in self.pods), "workers without a job")
        self.claim(all(pod.metric(SLOTS) == 1 and pod.metric("worker_prefetch") == HELD for pod in self.pods),
                   f"{SLOTS} and worker_prefetch tell the places of a worker")

    def is_at_rest(self):
        """With no workers nothing may be left: one that drains gives back what it has received ahead, perhaps after the last
        look at the queue, and the next look starts a worker again."""
        if len(self.pods) > self.scaler.least:
            return False
        if self.pods:
            return True
        if any(pod.process.poll() is None for pod in self.stopped):
            return False
        counts = self.counts()
        return not counts["ready"] + counts["leased"]

    def descend(self):
        """From the time at which the workers hold all that is left."""
        self.burst.open()
        until(lambda: self.counts()["ready"] == 0 and all(pod.metric("worker_active") == 1 for pod in self.pods),
              "the burst is not worked off")
        self.empty_at = self.syncs
        while not self.is_at_rest() and self.syncs < MOST_SYNCS:
            self.sync()
        self.claim(len(self.pods) == self.scaler.least, f"{len(self.pods)} workers stay after {self.syncs} syncs")
        self.claim(self.in_flight > 0, "no worker was ended while it ran a job")

    def settle(self):
        """All that is left is done where workers stay; then these are ended, too."""
        self.last.open()
        if self.pods:
            until(lambda: len(set(self.burst.done() + self.last.done())) == len(self.jobs), "jobs are left")
        self.scaled = len(self.stopped)
        self.scale(0)
        self.ends = [pod.wait(self.scaler.grace) for pod in self.stopped]

    def judge(self):
        done = self.burst.done() + self.last.done()
        missing = {job["id"] for job in self.jobs} - set(done)
        left = {name: number for name, number in self.counts().items() if name in COUNTS and number}
        self.claim(not missing, f"lost jobs: {sorted(missing)}")
        self.claim(not left, f"the broker still has {left}")
        statuses = {status for status, _ in self.ends}
        self.claim(statuses == {0}, f"a worker that drained ends with {statuses}")
        drains = sorted(seconds for _, seconds in self.ends[:self.scaled])
        print(f"{self.case.overlay} on {self.case.broker}: {self.scaler.least} -> {self.case.pods} -> {self.scaler.least} "
              f"workers, {len(self.jobs)} jobs, 0 lost, {len(done) - len(set(done))} repeated; {self.in_flight} jobs ran in "
              f"workers that were ended; drains {drains[0] * 1000:.0f} to {drains[-1] * 1000:.0f} ms; the last of them began "
              f"{(self.syncs - self.empty_at) * SYNC} s of the autoscaler's clock after the queue was empty")

    def play(self):
        self.publish()
        self.scale(self.scaler.least)
        self.climb()
        self.descend()
        self.settle()
        self.judge()
        self.burst.close()
        self.last.close()
        self.broker.end()


def main(deploy, folder, overlays):
    findings = live.Findings()
    for name in ("WORKER_COMMAND", "FILCH_JOBS"):
        if name not in os.environ:
            live.skip(f"{name} is not set")
    brokers = subprocess.run([os.environ["WORKER_COMMAND"], "--brokers"], capture_output=True, text=True, check=True).stdout
    cases = [case for case in CASES if case.overlay in overlays or not overlays]
    for case in cases:
        if f"{case.broker}:" not in brokers:
            live.skip(f"built without {case.broker}")
        scaler = scaling_files.read(deploy, case.overlay)
        Scene(case, scaler, folder / case.overlay, findings).play()
    findings.end(f"{len(cases)} overlays; a sync of {SYNC} s takes {SYNC / FACTOR:g} s")


main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
