# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks DEPLOY/prometheus: with promtool, with the unit tests of the rules, and with the metrics of a worker that ran."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import live
import promql

ROOT = live.HERE.parent.parent
FILES = ("filch-worker.rules.yml", "filch-worker.alerts.yml")
OF_PROMETHEUS = {"up"}
ALIASES = {"tasks_processed_total", "task_duration_seconds_bucket", "task_duration_seconds_sum",
           "task_duration_seconds_count", "worker_active_count", "queue_depth"}
PAGES = ("deploy.md", "service.md", "worker.md")
NO_METRICS = {"worker_id", "process_task"}  # names in these pages that look like metrics: a key of log lines, a span
DISCOVERY = re.compile(r"    kubernetes_sd_configs:\n      - role: pod\n        namespaces:\n          names: \[production\]\n")
POD = {"pod_name": "task-worker-1", "pod_label_app": "task-worker",
       "pod_annotation_prometheus_io_scrape": "true", "pod_annotation_prometheus_io_port": "9100",
       "pod_annotation_prometheus_io_path": "/numbers"}


def promtool(findings, folder, *words):
    run = subprocess.run([live.program("promtool", "promtool or prometheus"), *words], cwd=folder, capture_output=True,
                         text=True, check=False)
    findings.claim(run.returncode == 0, f"promtool {' '.join(words)}: {run.stdout}{run.stderr}")
    return run.stdout


def pods():
    """static_configs of three pods, in place of a cluster, which Debian's Prometheus cannot ask: only the first is a worker."""
    lines = ["    static_configs:"]
    changes = ({}, {"pod_label_app": "shop"}, {"pod_annotation_prometheus_io_scrape": "false"})
    for at, change in enumerate(changes):
        change["pod_ip"] = f"10.0.0.{at + 1}"
        lines += [f"      - targets: [\"{change['pod_ip']}:1234\"]", "        labels:"]
        lines += [f"          __meta_kubernetes_{name}: \"{value}\"" for name, value in {**POD, **change}.items()]
    return "\n".join(lines) + "\n"


def watch_pods(findings, folder):
    """A Prometheus that finds them; it needs 5 s for that, and is asked later."""
    text = (folder / "prometheus-kubernetes.yml").read_text(encoding="utf-8")
    findings.claim(DISCOVERY.search(text), "prometheus-kubernetes.yml looks for pods of the namespace production")
    config = folder / "pods.yml"
    config.write_text(DISCOVERY.sub(pods(), text), encoding="utf-8")
    promtool(findings, folder, "check", "config", "--lint-fatal", config.name)
    findings.stop_if_any()
    (folder / "pods").mkdir()
    return live.Prometheus(folder / "pods", config)


def check_pods(findings, watching):
    targets = watching.await_targets(3)
    kept = [target["discoveredLabels"]["__meta_kubernetes_pod_ip"] for target in targets["activeTargets"]]
    findings.claim(kept == ["10.0.0.1"], f"only the worker's pod is scraped: {kept}")
    worker = [(target["scrapeUrl"], target["labels"].get("pod")) for target in targets["activeTargets"]
              if target["discoveredLabels"]["__meta_kubernetes_pod_ip"] == "10.0.0.1"]
    findings.claim(worker == [("http://10.0.0.1:9100/numbers", "task-worker-1")],
                   f"it is scraped at the port and path of its annotations: {worker}")
    watching.end()


def check_names(findings, rules, exposed):
    recorded = {name for name, _ in rules if not name.startswith("Filch")}
    known = exposed | recorded | OF_PROMETHEUS
    for name, expression in rules:
        undefined = promql.metrics_of(expression) - known
        findings.claim(not undefined, f"rule {name} uses undefined metrics: {sorted(undefined)}")
    findings.claim(not ALIASES - recorded, f"undefined aliases: {sorted(ALIASES - recorded)}")
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        named = set(re.findall(r"`((?:worker|filch_pool|process)_[a-z0-9_]*[a-z0-9])\b", text)) - NO_METRICS
        bases = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known}
        findings.claim(not named - known - bases, f"docs/{page} names undefined metrics: {sorted(named - known - bases)}")


def check_alert(findings, rule, tests, page):
    name = rule["name"]
    findings.claim(f"alertname: {name}\n" in tests, f"alert {name} has a unit test in which it fires")
    findings.claim({"summary", "action"} <= rule["annotations"].keys(), f"alert {name} has a summary and an action")
    findings.claim(rule["labels"].get("severity") in ("page", "ticket"), f"alert {name} has a severity")
    findings.claim(f"`{name}`" in page, f"alert {name} is in docs/deploy.md")


def check_rules(scene, expected, tests):
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    rules = scene.prometheus.rules()
    names = sorted(rule["name"] for rule in rules)
    scene.findings.claim(names == sorted(name for name, _ in expected), f"Prometheus has read the same rules: {names}")
    for rule in rules:
        scene.findings.claim(rule["health"] == "ok", f"rule {rule['name']} is evaluated: {rule.get('lastError')}")
        if rule["type"] == "alerting":
            check_alert(scene.findings, rule, tests, page)
        else:
            scene.findings.claim(scene.prometheus.query(rule["name"]), f"rule {rule['name']} has samples")


def main(deploy, folder):
    scene = live.Scene(deploy, folder)
    findings = scene.findings
    tests = (live.HERE / "prometheus_tests.yml").read_text(encoding="utf-8")
    shutil.copy(live.HERE / "prometheus_tests.yml", folder)
    rules = [rule for name in FILES for rule in promql.rules_of((folder / name).read_text(encoding="utf-8"))]
    check_names(findings, rules, promql.exposed(scene.worker.exposition()))
    promtool(findings, folder, "check", "config", "--lint-fatal", "prometheus.yml")
    promtool(findings, folder, "check", "rules", "--lint=all", "--lint-fatal", *FILES)
    promtool(findings, folder, "test", "rules", "prometheus_tests.yml")
    watching = watch_pods(findings, folder)
    scene.play()
    check_rules(scene, rules, tests)
    check_pods(findings, watching)
    scene.end(f"{len(rules)} rules")


main(Path(sys.argv[1]), Path(sys.argv[2]))
