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

ROOT = live.HERE.parent.parent
UNITS = ("filch-worker.service", "filch-worker@.service")
PROGRAM = "/usr/local/bin/filch-worker"
MOST_EXPOSED = 2.0
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


def check_unit(findings, deploy, folder, name, worker):
    text = (deploy / "systemd" / name).read_text(encoding="utf-8")
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
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    version = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    written = re.search(r"exposure of ([\d.]+) by systemd (\d+)", page)
    findings.claim(written and (written[2] != version or written[1] == exposure[1]),
                   f"docs/deploy.md tells the exposure {exposure[1]} by systemd {version}")
    for key in re.findall(r"^# [^\n]*: (?:these|[A-Z]\w+=)[^\n]*\n(?:# [^\n]*\n)*(\w+)=", text, re.M):
        findings.claim(f"`{key}=" in page, f"docs/deploy.md tells what {key}= refuses")


def check_alike(findings, deploy):
    """The template differs from the unit only where it names its configuration."""
    plain, template = ((deploy / "systemd" / name).read_text(encoding="utf-8") for name in UNITS)
    for own, other in ((" %i", ""), (" --config /etc/filch/%i.json", ""), ("/etc/filch/%i.env", "/etc/filch/worker.env")):
        template = template.replace(own, other)
    lines = [[line for line in text.splitlines() if not line.startswith("#")] for text in (plain, template)]
    differing = [pair for pair in zip(*lines) if pair[0] != pair[1]]
    findings.claim(len(lines[0]) == len(lines[1]) and not differing, f"unit and template are alike: {differing}")


def seconds(defaults, key):
    return int(re.match(r"(\d+)s$", defaults[key])[1])


def check_times(findings, unit, worker):
    table = subprocess.run([worker, "--help=markdown"], capture_output=True, text=True, check=True).stdout
    defaults = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]* \| ([^|]*) \|", table, re.M))
    stop, drain, grace = int(unit["TimeoutStopSec"][0]), seconds(defaults, "drain-timeout"), seconds(defaults, "grace")
    findings.claim(stop > drain + grace, f"TimeoutStopSec {stop} is longer than drain-timeout {drain} and grace {grace}")
    watchdog, silent = int(unit["WatchdogSec"][0]), 30  # a service is unhealthy after this time (docs/service.md)
    findings.claim(watchdog / 2 > silent, f"half of WatchdogSec {watchdog} is longer than the {silent} s after which /health is 503")


# ---- The filters ----

def calls_of(name, seen):
    """The system calls of a set, @NAME, or of one call."""
    if not name.startswith("@"):
        return {name}
    if name not in seen:
        run = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True)
        rows = [line.strip() for line in run.stdout.splitlines()[1:]]
        seen[name] = set().union(*(calls_of(row, seen) for row in rows if row and row[0] != "#"))
    return seen[name]


def allowed_calls(values):
    """By systemd.exec(5): the first line makes a list of allowed calls, ~ takes away from it."""
    allowed, seen = set(), {}
    for value in values:
        for name in value.removeprefix("~").split():
            allowed = allowed - calls_of(name, seen) if value[0] == "~" else allowed | calls_of(name, seen)
    return allowed


def filters(unit, without=None):
    """Words for the program sandbox; one line of the unit may be left out."""
    words = []
    if without != "RestrictAddressFamilies" and "RestrictAddressFamilies" in unit:
        families = unit["RestrictAddressFamilies"][0].split()
        words += ["--families", ",".join(str(int(getattr(socket, family))) for family in families)]
    if without != "MemoryDenyWriteExecute" and unit.get("MemoryDenyWriteExecute") == ["yes"]:
        words += ["--no-exec-memory"]
    if without != "RestrictNamespaces" and unit.get("RestrictNamespaces") == ["yes"]:
        words += ["--no-namespaces"]
    if without != "SystemCallFilter" and "SystemCallFilter" in unit:
        words += ["--calls", ",".join(sorted(allowed_calls(unit["SystemCallFilter"])))]
    return words


def check_worker(findings, sandbox, unit, folder, worker):
    """A worker with a built-in handler and a command works under them, and tells so as to systemd."""
    jobs = os.environ["FILCH_JOBS"]
    broker = f"sqlite:{folder}/sandboxed.db"
    handlers = [{"type": "hash", "hash": True}, {"type": "cat", "command": "cat"}]
    for kind in ("hash", "cat"):
        subprocess.run([jobs, "enqueue", "--broker", broker, "--type", kind, "body"], check=True, stdout=subprocess.DEVNULL)
    words = [sandbox, *filters(unit), worker, "--broker", broker, "--health-port", "0", "--once", "--handlers", json.dumps(handlers)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        environment = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": f"{folder}/notify"}
        run = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        manager.setblocking(False)
        try:
            told = manager.recv(4096).decode()
        except BlockingIOError:
            told = ""
    findings.claim(told.startswith("READY=1\n"), f"the worker tells that it is ready: {told!r}")
    ended = re.search(r'"service ended".*"done":(\d+)', run.stderr)
    findings.claim(run.returncode == 0 and ended and ended[1] == "2", f"a worker works under the filters: {run.returncode}: {run.stderr}")


def check_refused(findings, sandbox, unit, folder):
    (folder / "owned").touch()
    for line, program in REFUSED:
        status = {}
        for without in (None, line):
            run = subprocess.run([sandbox, *filters(unit, without), sys.executable, "-c", program], cwd=folder,
                                 capture_output=True, text=True, check=False)
            status[without] = run.returncode
        findings.claim(status[None] not in (0, 125), f"{line}= refuses to a handler: {program} ({status})")
        if os.getuid() == 0 or line != "RestrictNamespaces":
            findings.claim(status[line] == 0, f"without {line}= it is allowed: {program} ({status})")


def main(deploy, folder):
    findings = live.Findings()
    if not shutil.which("systemd-analyze"):
        live.skip("systemd-analyze not found (Debian: systemd)")
    worker = os.environ.get("WORKER_COMMAND") or live.skip("the path of filch-worker is not in WORKER_COMMAND")
    for name in UNITS:
        check_unit(findings, deploy, folder, name, worker)
    unit = settings((deploy / "systemd" / UNITS[0]).read_text(encoding="utf-8"))
    check_times(findings, unit, worker)
    check_alike(findings, deploy)
    findings.stop_if_any()
    sandbox = os.environ.get("DEPLOY_SANDBOX")
    if sandbox:
        check_worker(findings, sandbox, unit, folder, worker)
        check_refused(findings, sandbox, unit, folder)
    findings.end(f"{len(UNITS)} units" + ("" if sandbox else "; without libseccomp no worker ran under their filters"))


main(Path(sys.argv[1]), Path(sys.argv[2]))
