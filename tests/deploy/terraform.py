# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks the text of DEPLOY/terraform: references, permissions, times, and the variables of the container, which filch-worker has to
accept. Syntax and arguments are left to `terraform validate`, which needs the provider."""
import os
import re
import subprocess
import sys
from pathlib import Path

import live

ROOT = live.HERE.parent.parent
# Lines that the files have to have, blanks aside.
LINES = (
    'user = "65534:65534"',
    "readonlyRootFilesystem = true",
    'capabilities = { drop = ["ALL"] }',
    "stopTimeout = local.stop_timeout",
    "portMappings = [{ containerPort = local.probe_port, protocol = \"tcp\" }]",
    'command = ["CMD", "/usr/bin/filch-worker", "--probe", "http://127.0.0.1:${local.probe_port}/health"]',
    'dead_letter_queue = "${var.queue_name}-dlq"',
    "assign_public_ip = false",
    "ignore_changes = [desired_count]",
    "sqs_managed_sse_enabled = true",
)
DECLARED = re.compile(r'^(resource|data|variable|output) "(\w+)"(?: "(\w+)")? \{', re.M)
USED = re.compile(r"(?<![\w.\"])((?:var|local)\.\w+|(?:data\.)?aws_\w+\.\w+)")


def check_references(findings, text):
    prefixes = {"resource": "", "data": "data.", "variable": "var.", "output": "output."}
    declared = [prefixes[kind] + ".".join(filter(None, names)) for kind, *names in DECLARED.findall(text)]
    for body in re.findall(r"^locals \{\n(.*?)^\}", text, re.M | re.S):
        declared += [f"local.{name}" for name in re.findall(r"^  (\w+) +=", body, re.M)]
    findings.claim(len(declared) == len(set(declared)), f"names are declared once: {sorted(declared)}")
    used = set(USED.findall(text))
    findings.claim(used <= set(declared), f"names that are used and not declared: {sorted(used - set(declared))}")
    unused = {name for name in declared if name.startswith(("var.", "local."))} - used
    findings.claim(not unused, f"names that are declared and not used: {sorted(unused)}")


def check_permissions(findings, text):
    granted = {name: re.findall(r'"(\w+:[\w*]+)"', body)
               for name, body in re.findall(r'^data "aws_iam_policy_document" "(\w+)" \{(.*?)^\}', text, re.M | re.S)}
    everything = [action for actions in granted.values() for action in actions if "*" in action]
    findings.claim(not everything and text.count('resources = ["*"]') == 1, f"policies grant everything: {everything}")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "runtime/service/brokers/sqs").glob("*.c"))
    called = re.findall(r'"((?:Change|Delete|Receive|Send)Message[A-Za-z]*|(?:Get|List|Purge)Queue[A-Za-z]*)"', sources)
    needed = {"sqs:" + name.removesuffix("Batch") for name in called}
    findings.claim(set(granted["worker"]) == needed, f"the worker may {sorted(granted['worker'])}, and needs {sorted(needed)}")
    findings.claim("ingress" not in text, "nothing comes in")


def check_container(findings, text, worker):
    """The container's variables, with the defaults of Terraform's."""
    values = dict(re.findall(r'^variable "(\w+)" \{[^}]*?\n  default +=\s*"?([^"\n]*)"?$', text, re.M))
    values.update(re.findall(r"^  (probe_port) += (\d+)$", text, re.M))
    environment = {name: re.sub(r"\$\{\w+\.(\w+)\}", lambda part: values[part[1]], quoted) if quoted else values[named]
                   for name, quoted, named in re.findall(r'\{ name = "(\w+)", value = (?:"(.*?)"|(?:tostring\()?(?:var|local)\.(\w+)\)?) \}', text)}
    if not findings.claim(environment.get("FILCH_SERVICE_BROKER") == "sqs:?region=us-east-1&create=no", f"the broker is SQS: {environment}"):
        return
    table = subprocess.run([worker, "--help=markdown"], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]* \| ([^|]*) \| `?(\w*)`? \|", table, re.M)
    known = {alias for _, _, alias in rows} | {"FILCH_SERVICE_" + key.upper().replace("-", "_") for key, _, _ in rows}
    unknown = set(re.findall(r'\{ name = "(\w+)", value = ', text)) - known
    findings.claim(not unknown, f"the worker does not read {sorted(unknown)}")
    brokers = subprocess.run([worker, "--brokers"], capture_output=True, text=True, check=True).stdout
    if not re.search(r"^sqs:", brokers, re.M):
        environment["FILCH_SERVICE_BROKER"] = "memory:"  # of a build without it
    run = subprocess.run([worker, "--check-config"], capture_output=True, text=True, check=False, env=environment)
    findings.claim(run.returncode == 0, f"the worker accepts its variables: {run.stderr}")
    received, deliveries = re.search(r"maxReceiveCount += (\d+)", text), dict(row[:2] for row in rows)["deliveries"]
    findings.claim(int(received[1]) > int(deliveries), f"{received[0]} is above the worker's deliveries, {deliveries}")


def main(deploy, _):
    findings = live.Findings()
    worker = os.environ.get("WORKER_COMMAND") or live.skip("the path of filch-worker is not in WORKER_COMMAND")
    files = [path.read_text(encoding="utf-8") for path in sorted((deploy / "terraform").glob("*.tf"))]
    text = re.sub(r"(^|\s)#.*", "", "\n".join(files))
    dense = re.sub(r"\s+", " ", text)
    for line in LINES:
        findings.claim(line in dense, f"the files have the line {line}")
    stop = re.search(r"stop_timeout = var\.drain_timeout \+ (\d+)", dense)
    findings.claim(stop and int(stop[1]) > 5, "stop_timeout is longer than the drain and a grace of 5 s")
    check_references(findings, text)
    check_permissions(findings, text)
    check_container(findings, text, worker)
    findings.end(f"{len(files)} files")


main(Path(sys.argv[1]), Path(sys.argv[2]))
