# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks DEPLOY/prometheus: with promtool, with the unit tests of the rules, and with the metrics of a worker that ran."""
import json
import re
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
PAGES = ("service/deploy.md", "service/README.md", "service/worker.md")
NO_METRICS = {"worker_id", "process_task"}  # names in these pages that look like metrics: a key of log lines, a span
POD = {"pod_name": "task-worker-1", "pod_label_app": "task-worker", "pod_ip": "10.0.0.1", "pod_annotation_prometheus_io_scrape": "true",
       "pod_annotation_prometheus_io_port": "9100", "pod_annotation_prometheus_io_path": "/numbers"}
SCRAPED = {"__address__": "10.0.0.1:9100", "__metrics_path__": "/numbers", "pod": "task-worker-1"}


def write_tests(alerts, folder):
    """prometheus_tests.yml in promtool's form; the names of the alerts that fire in it."""
    content = live.documents(live.HERE / "prometheus_tests.yml")[0]
    for test in content["tests"]:
        test["interval"] = "1m"
        for one in test["alert_rule_test"]:
            labels, summary = one.pop("labels", None), one.pop("summary", None)
            annotations = {"summary": summary, "action": alerts[one["alertname"]]["annotations"]["action"]}
            one["exp_alerts"] = [{"exp_labels": labels, "exp_annotations": annotations}] if labels else []
    (folder / "tests.yml").write_text(json.dumps(content), encoding="utf-8")
    return {one["alertname"] for test in content["tests"] for one in test["alert_rule_test"] if one["exp_alerts"]}


def promtool(findings, folder, *words):
    run = subprocess.run([live.program("promtool", "promtool or prometheus"), *words], cwd=folder, capture_output=True,
                         text=True, check=False)
    findings.claim(run.returncode == 0, f"promtool {' '.join(words)}: {run.stdout}{run.stderr}")
    return run.stdout


def check_pods(findings, folder):
    """Pods that are written down stand for a cluster's: only the first is a worker."""
    config = live.documents(folder / "prometheus-kubernetes.yml")[0]
    job = config["scrape_configs"][0]
    found = job.pop("kubernetes_sd_configs")
    findings.claim(found == [{"role": "pod", "namespaces": {"names": ["production"]}}], f"pods of the namespace production are found: {found}")
    pods = (POD, {**POD, "pod_label_app": "shop"}, {**POD, "pod_annotation_prometheus_io_scrape": "false"})
    job["static_configs"] = [{"targets": [f"10.0.0.{at}:1234"], "labels": {f"__meta_kubernetes_{key}": value for key, value in pod.items()}}
                             for at, pod in enumerate(pods)]
    (folder / "pods.yml").write_text(json.dumps(config), encoding="utf-8")
    promtool(findings, folder, "check", "config", "--lint-fatal", "pods.yml")
    told = json.loads(promtool(findings, folder, "check", "service-discovery", "--timeout=1s", "pods.yml", job["job_name"]))
    kept = [one["labels"] for one in told if one["labels"]]
    findings.claim(len(kept) == 1, f"only the worker's pod is scraped: {kept}")
    findings.claim(kept and kept[0].items() >= SCRAPED.items(), f"it is scraped at the port and path of its annotations: {kept}")


def check_names(findings, rules, exposed):
    recorded = {rule["record"] for rule in rules if "record" in rule}
    known = exposed | recorded | OF_PROMETHEUS
    for rule in rules:
        undefined = promql.metrics_of(rule["expr"]) - known
        findings.claim(not undefined, f"rule {promql.name_of(rule)} uses undefined metrics: {sorted(undefined)}")
    findings.claim(not ALIASES - recorded, f"undefined aliases: {sorted(ALIASES - recorded)}")
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        named = set(re.findall(r"`((?:worker|filch_pool|process)_[a-z0-9_]*[a-z0-9])\b", text)) - NO_METRICS
        bases = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known}
        findings.claim(not named - known - bases, f"docs/{page} names undefined metrics: {sorted(named - known - bases)}")


def check_alert(findings, name, rule, fired, page):
    findings.claim(name in fired, f"alert {name} has a unit test in which it fires")
    findings.claim({"summary", "action"} <= rule["annotations"].keys(), f"alert {name} has a summary and an action")
    findings.claim(rule["labels"].get("severity") in ("page", "ticket"), f"alert {name} has a severity")
    findings.claim(f"`{name}`" in page, f"alert {name} is in docs/service/deploy.md")


def check_rules(scene, expected):
    rules = scene.prometheus.rules()
    names = sorted(rule["name"] for rule in rules)
    scene.findings.claim(names == sorted(map(promql.name_of, expected)), f"Prometheus has read the same rules: {names}")
    for rule in rules:
        scene.findings.claim(rule["health"] == "ok", f"rule {rule['name']} is evaluated: {rule.get('lastError')}")
        if rule["type"] == "recording":
            scene.findings.claim(scene.prometheus.query(rule["name"]), f"rule {rule['name']} has samples")


def main(deploy, folder):
    scene = live.Scene(deploy, folder)
    findings = scene.findings
    rules = [rule for name in FILES for rule in promql.rules_of(folder / name)]
    alerts = {rule["alert"]: rule for rule in rules if "alert" in rule}
    check_names(findings, rules, promql.exposed(scene.worker.exposition()))
    promtool(findings, folder, "check", "config", "--lint-fatal", "prometheus.yml")
    promtool(findings, folder, "check", "rules", "--lint=all", "--lint-fatal", *FILES)
    fired = write_tests(alerts, folder)
    promtool(findings, folder, "test", "rules", "tests.yml")
    page = (ROOT / "docs" / "service" / "deploy.md").read_text(encoding="utf-8")
    for name, rule in alerts.items():
        check_alert(findings, name, rule, fired, page)
    check_pods(findings, folder)
    scene.play()
    check_rules(scene, rules)
    scene.end(f"{len(rules)} rules")


main(Path(sys.argv[1]), Path(sys.argv[2]))
