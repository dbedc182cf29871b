# SPDX-License-Identifier: MIT OR Apache-2.0
"""A real filch-worker and a real Prometheus on loopback ports, for the checks of tools/deploy. Both end with this process."""
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

try:
    import yaml
except ImportError:
    yaml = None

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent.parent / "build" / "tools"
PATIENCE = 60  # seconds, for what normally takes two


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def documents(path):
    """Of a file of YAML."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8"))) if yaml else skip("yaml not found (Debian: python3-yaml)")


def program(name, package):
    """The path of a program that tools/test.sh fetches, or of one that is installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{TOOLS}")
    return found or skip(f"{name} not found (Debian: {package})")


class Findings:
    """Faults; the check goes on after one."""

    def __init__(self):
        self.count = 0

    def claim(self, holds, text):
        if not holds:
            print(f"FAILED: {text}")
            self.count += 1
        return holds

    def stop_if_any(self):
        """Before a step that takes long."""
        if self.count:
            sys.exit(1)

    def end(self, text):
        self.stop_if_any()
        print(text)


def get(port, path, **query):
    url = f"http://127.0.0.1:{port}{path}"
    if query:
        url += "?" + urllib.parse.urlencode(query)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=PATIENCE) as answer:
        return answer.read().decode()


def asked_until(ask, holds, text):
    """The first answer that will do, of something that tells of nothing by itself."""
    end = time.monotonic() + PATIENCE
    while not holds(answer := ask()):
        if time.monotonic() > end:
            sys.exit(f"FAILED: {text()}")
        time.sleep(0.05)
    return answer


class Child:
    """A process, once its log has a line with each of some marks."""

    def __init__(self, words, log, marks, environment=None):
        self.log = Path(log)
        with open(log, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=file, env=environment)
        self.lines = asked_until(lambda: self.lines_with(marks), all, lambda: f"the log lacks a line of {marks}: {self.text()}")

    def lines_with(self, marks):
        """For each mark the first line that has it."""
        lines = [line for line in self.text().splitlines(True) if line.endswith("\n")]
        if self.process.poll() is not None:
            sys.exit(f"FAILED: {self.process.args} has ended: {self.text()}")
        return [next((line for line in lines if mark in line), None) for mark in marks]

    def text(self):
        return self.log.read_text(encoding="utf-8")

    def end(self):
        self.process.terminate()
        return self.process.wait()


HANDLERS = [{"type": "echo", "echo": True, "breaker": True}, {"type": "sleep", "sleep": True},
            {"type": "fail", "fail": True}]


class Worker(Child):
    """A worker on a SQLite broker, which works on jobs of each status."""

    def __init__(self, folder):
        command = os.environ.get("WORKER_COMMAND") or skip("the path of filch-worker is not in WORKER_COMMAND")
        self.jobs = os.environ.get("FILCH_JOBS") or skip("the path of filch-jobs is not in FILCH_JOBS")
        brokers = subprocess.run([command, "--brokers"], capture_output=True, text=True, check=True).stdout
        if "sqlite:" not in brokers:
            skip("built without sqlite")
        self.broker = f"sqlite:{folder}/jobs.db"
        environment = {"PATH": os.environ["PATH"]}
        words = [command, "--broker", self.broker, "--health-port", "0", "--handlers", json.dumps(HANDLERS)]
        probe = subprocess.run([*words, "--check-config"], capture_output=True, text=True, env=environment, check=False)
        if probe.returncode:
            skip(f"built without HTTP endpoints: {probe.stderr}")
        self.prepare()
        super().__init__(words, f"{folder}/worker.log", ['"HTTP endpoints listen"', '"service started"'], environment)
        self.port = json.loads(self.lines[0])["port"]

    def ask(self, *words):
        subprocess.run([self.jobs, *words, "--broker", self.broker], check=True, stdout=subprocess.DEVNULL)

    def publish(self, kind, count):
        for _ in range(count):
            self.ask("enqueue", "--type", kind, "1ms")

    def prepare(self):
        """A job of a paused type, which stays: the worker counts the queue when it starts."""
        self.ask("pause", "tasks", "--type", "echo")
        self.publish("echo", 1)

    def work(self):
        """Some jobs succeed, one fails, one has no handler."""
        self.publish("sleep", 5)
        self.publish("fail", 1)
        self.publish("unknown", 1)

    def exposition(self):
        return get(self.port, "/metrics")


class Prometheus(Child):
    """Prometheus with a configuration file, on a port that the kernel chooses."""

    def __init__(self, folder, config):
        words = [program("prometheus", "prometheus"), f"--config.file={config}", "--web.listen-address=127.0.0.1:0",
                 f"--storage.tsdb.path={folder}/data"]
        super().__init__(words, f"{folder}/prometheus.log", ['msg="Listening on"', "ready to receive web requests"])
        self.port = int(self.lines[0].split("address=127.0.0.1:")[1].split()[0])

    def api(self, path, **query):
        return json.loads(get(self.port, f"/api/v1/{path}", **query))["data"]

    def query(self, expression):
        """The samples of an expression now."""
        return self.api("query", query=expression)["result"]

    def await_samples(self, expression):
        asked_until(lambda: self.query(expression), bool, lambda: f"Prometheus has no samples of {expression}: {self.text()}")

    def rules(self):
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]

    def evaluations(self):
        """The time of each rule's last evaluation."""
        return [rule["lastEvaluation"] for rule in self.rules()]


class Scene:
    """A worker that does jobs, and a Prometheus with the files of tools/deploy that scrapes it before and after."""

    def __init__(self, deploy, folder):
        self.findings = Findings()
        self.folder = folder
        for name in os.listdir(deploy / "prometheus"):
            shutil.copy(deploy / "prometheus" / name, folder)
        self.worker = Worker(folder)

    def play(self):
        """Starts Prometheus, lets the worker do its jobs, and waits for the samples."""
        config = Path(self.folder, "prometheus.yml")
        text = config.read_text(encoding="utf-8")
        for old, new in (("127.0.0.1:8080", f"127.0.0.1:{self.worker.port}"), ("interval: 15s", "interval: 250ms")):
            self.findings.claim(old in text, f"prometheus.yml has {old}")
            text = text.replace(old, new)
        self.findings.stop_if_any()
        config.write_text(text, encoding="utf-8")
        self.prometheus = Prometheus(self.folder, config)
        self.prometheus.await_samples('worker_connected{job="filch-worker"} == 1')
        self.worker.work()
        self.settle()

    def settle(self):
        """Until the samples have all jobs, and each rule has been evaluated over them twice, since rules use others."""
        one = self.prometheus
        one.await_samples("worker_queue_depth > 0 and on () sum(worker_tasks_processed_total) >= 7")
        one.await_samples("rate(worker_settled_total[5m]) > 0")
        for _ in range(2):
            since = one.evaluations()
            asked_until(one.evaluations, lambda now, old=since: all(map(str.__ne__, now, old)), lambda: "rules are evaluated again")

    def end(self, text):
        self.prometheus.end()
        self.findings.claim(self.worker.end() == 0, f"the worker ends with 0: {self.worker.text()}")
        self.findings.end(text)
