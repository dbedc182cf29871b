# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks DEPLOY/systemd: systemd-analyze verify and security, figures that have to fit the worker's, and a worker under the
units' filters of system calls, which also refuse what the documentation says that they refuse."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import live
import sandbox

ROOT = live.HERE.parent.parent
PROGRAM = "/usr/local/bin/filch-worker"
MOST_EXPOSED = 2.0
# The lines that the template has of its own.
TEMPLATE = {"Description": ["Filch worker %i"], "ExecStart": [f"{PROGRAM} --config /etc/filch/%i.json"], "EnvironmentFile": ["-/etc/filch/%i.env"]}
# Lines without which a worker under systemd is wrong in a way that systemd-analyze does not see.
LINES = (
    "Type=notify",
    "KillMode=mixed",
    "Restart=on-failure",
    "RestartPreventExitStatus=2",
    "OOMPolicy=continue",
    "StateDirectory=filch",
    "Environment=XDG_STATE_HOME=%S",
    "ExecReload=/bin/kill -HUP $MAINPID",
    "WantedBy=multi-user.target",
)
# A line of the unit, and what a handler does that it refuses.
REFUSED = (
    ("MemoryDenyWriteExecute", "import mmap; mmap.mmap(-1, 4096, prot=7)"),
    ("RestrictNamespaces", "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x04000000) != 0)"),
    ("RestrictAddressFamilies", "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    ("SystemCallFilter", "import os; os.chown('owned', os.getuid(), os.getgid())"),
)


def settings(text):
    """Names -> values, in order."""
    found = {}
    for name, value in re.findall(r"^([A-Za-z]+)=(.*)$", text, re.M):
        found.setdefault(name, []).append(value)
    return found


def analyze(findings, what, *words):
    run = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    findings.claim(run.returncode == 0, f"systemd-analyze {what}: {run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def check_unit(findings, folder, name, text, worker):
    lines = set(text.splitlines())
    for line in LINES:
        findings.claim(line in lines, f"{name} lacks the line {line}")
    started = settings(text).get("ExecStart", [""])[0]
    findings.claim(started.split()[0:1] == [PROGRAM], f"{name} starts {PROGRAM}: {started}")
    copy = folder / name.replace("@", "@mail")
    copy.write_text(text.replace(PROGRAM, worker), encoding="utf-8")
    told = analyze(findings, f"verify {name}", "verify", "--man=no", str(copy))
    findings.claim(not told, f"systemd-analyze verify {name} has nothing to say: {told}")
    told = analyze(findings, f"security {name}", "security", "--offline=true", "--no-pager", str(copy))
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", told)
    if not findings.claim(exposure, f"systemd-analyze tells an exposure of {name}: {told}"):
        return
    findings.claim(float(exposure[1]) <= MOST_EXPOSED, f"{name}: exposure {exposure[1]} is above {MOST_EXPOSED}")
    page = (ROOT / "docs" / "service" / "deploy.md").read_text(encoding="utf-8")
    version = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    written = re.search(r"exposure of ([\d.]+) by systemd (\d+)", page)
    findings.claim(written and (written[2] != version or written[1] == exposure[1]),
                   f"docs/service/deploy.md tells the exposure {exposure[1]} by systemd {version}")
    for key in re.findall(r"^# [^\n]*: (?:these|[A-Z]\w+=)[^\n]*\n(?:# [^\n]*\n)*(\w+)=", text, re.M):
        findings.claim(f"`{key}=" in page, f"docs/service/deploy.md tells what {key}= refuses")


def check_times(findings, unit, worker):
    table = subprocess.run([worker, "--help=markdown"], capture_output=True, text=True, check=True).stdout
    seconds = {key: int(number) for key, number in re.findall(r"^\| `([a-z-]+)` \| [^|]* \| (\d+)s \|", table, re.M)}
    stop, drain, grace = int(unit["TimeoutStopSec"][0]), seconds["drain-timeout"], seconds["grace"]
    findings.claim(stop > drain + grace, f"TimeoutStopSec {stop} is longer than drain-timeout {drain} and grace {grace}")
    watchdog, silent = int(unit["WatchdogSec"][0]), 30  # a service is unhealthy after this time (docs/service/README.md)
    findings.claim(watchdog / 2 > silent, f"half of WatchdogSec {watchdog} is longer than the {silent} s after which /health is 503")


def check_worker(findings, unit, folder, worker):
    """A worker with a built-in handler and a command works under them, and tells so as to systemd."""
    jobs = os.environ["FILCH_JOBS"]
    broker = f"sqlite:{folder}/sandboxed.db"
    handlers = [{"type": "hash", "hash": True}, {"type": "cat", "command": "cat"}]
    for kind in ("hash", "cat"):
        subprocess.run([jobs, "enqueue", "--broker", broker, "--type", kind, "body"], check=True, stdout=subprocess.DEVNULL)
    words = [worker, "--broker", broker, "--health-port", "0", "--once", "--handlers", json.dumps(handlers)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        environment = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": f"{folder}/notify"}
        run = sandbox.run(unit, words, env=environment)
        manager.setblocking(False)
        try:
            told = manager.recv(4096).decode()
        except BlockingIOError:
            told = ""
    findings.claim(told.startswith("READY=1\n"), f"the worker tells that it is ready: {told!r}")
    ended = re.search(r'"service ended".*"done":(\d+)', run.stderr)
    findings.claim(run.returncode == 0 and ended and ended[1] == "2", f"a worker works under the filters: {run.returncode}: {run.stderr}")


def check_refused(findings, unit, folder):
    (folder / "owned").touch()
    for line, program in REFUSED:
        relaxed = {key: value for key, value in unit.items() if key != line}
        status = [sandbox.run(lines, [sys.executable, "-c", program], cwd=folder).returncode for lines in (unit, relaxed)]
        findings.claim(status[0] != 0, f"{line}= refuses to a handler: {program} ({status})")
        if os.getuid() == 0 or line != "RestrictNamespaces":
            findings.claim(status[1] == 0, f"without {line}= it is allowed: {program} ({status})")


def main(deploy, folder):
    findings = live.Findings()
    if not shutil.which("systemd-analyze"):
        live.skip("systemd-analyze not found (Debian: systemd)")
    worker = os.environ.get("WORKER_COMMAND") or live.skip("the path of filch-worker is not in WORKER_COMMAND")
    text = (deploy / "systemd" / "filch-worker.service").read_text(encoding="utf-8")
    made = subprocess.run(["sed", "-f", deploy / "systemd" / "template.sed"], input=text, capture_output=True, text=True, check=True)
    for name, lines in (("filch-worker.service", text), ("filch-worker@.service", made.stdout)):
        check_unit(findings, folder, name, lines, worker)
    findings.claim(settings(made.stdout) == settings(text) | TEMPLATE, f"the template names its configuration: {made.stdout}")
    unit = settings(text)
    check_times(findings, unit, worker)
    findings.stop_if_any()
    if not sandbox.library():
        live.skip("libseccomp not found: no worker ran under the filters of the units (Debian: libseccomp2)")
    check_worker(findings, unit, folder, worker)
    check_refused(findings, unit, folder)
    findings.end("the unit and its template")


main(Path(sys.argv[1]), Path(sys.argv[2]))
