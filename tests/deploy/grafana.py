# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks the dashboard that DEPLOY/dashboard.py prints: units, names of alerts and of metrics that a worker exposes, and that a real
Prometheus, which has scraped that worker, answers each query with samples."""
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import live
import promql

UNITS = {"short", "ops", "percentunit", "s", "bytes", "currencyUSD"}  # ids of Grafana (packages/grafana-data, valueFormats)
OF_GRAFANA = {"$__rate_interval": "1m", "$job": "filch-worker", "$instance": ".*"}


def check_panel(findings, panel, alerts):
    title, unit = panel["title"], panel["fieldConfig"]["defaults"]["unit"]
    findings.claim(unit in UNITS, f"panel '{title}' has an unknown unit: {unit}")
    named = set(re.findall(r"\bFilch[A-Z]\w+", panel["description"]))
    findings.claim(not named - alerts, f"panel '{title}' names unknown alerts: {sorted(named - alerts)}")


def expression_of(findings, panel, target, known):
    """The query as Grafana would send it."""
    text = target["expr"]
    undefined = promql.metrics_of(text) - known
    findings.claim(not undefined, f"panel '{panel['title']}' uses undefined metrics: {sorted(undefined)}")
    for name, value in OF_GRAFANA.items():
        text = text.replace(name, value)
    findings.claim("$" not in text, f"panel '{panel['title']}' has an unknown variable: {text}")
    return text


def check_query(scene, title, text, legend):
    samples = scene.prometheus.query(text)
    numbers = [one for one in samples if not math.isnan(float(one["value"][1]))]
    scene.findings.claim(numbers, f"panel '{title}': a query has no samples: {text}: {samples}")
    labels = set(re.findall(r"\{\{(\w+)\}\}", legend))
    missing = [one["metric"] for one in samples if not labels <= one["metric"].keys()]
    scene.findings.claim(not missing, f"panel '{title}': series have the labels of the legend: {missing}")
    scene.findings.claim(labels or len(samples) < 2, f"panel '{title}': series are told apart: {samples}")


def check_variable(scene, variable):
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    if scene.findings.claim(match, f"variable {variable['name']} is of the form label_values(series, label)"):
        series = match[1].replace("$job", "filch-worker")
        values = scene.prometheus.api(f"label/{match[2]}/values", **{"match[]": series})
        scene.findings.claim(values, f"variable {variable['name']} has values")


def main(deploy, folder):
    run = subprocess.run([sys.executable, deploy / "dashboard.py"], capture_output=True, text=True, check=True)
    board = json.loads(run.stdout)
    scene = live.Scene(deploy, folder)
    recorded, alerts = ({promql.name_of(rule) for rule in promql.rules_of(folder / f"filch-worker.{kind}.yml")} for kind in ("rules", "alerts"))
    known = promql.exposed(scene.worker.exposition()) | recorded
    panels = [one for one in board["panels"] if one["type"] != "row"]
    for panel in panels:
        check_panel(scene.findings, panel, alerts)
    queries = [(panel["title"], expression_of(scene.findings, panel, target, known), target["legendFormat"])
               for panel in panels for target in panel["targets"]]
    scene.findings.stop_if_any()
    scene.play()
    for title, text, legend in queries:
        check_query(scene, title, text, legend)
    for variable in board["templating"]["list"][1:]:
        check_variable(scene, variable)
    scene.end(f"{len(queries)} queries")


main(Path(sys.argv[1]), Path(sys.argv[2]))
