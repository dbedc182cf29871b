# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks the dashboard that DEPLOY/grafana/dashboard.py prints: its structure, and that a real Prometheus answers each query with samples."""
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import live
import promql

UNITS = {"short", "ops", "percentunit", "s", "bytes", "currencyUSD"}  # ids of Grafana (packages/grafana-data, valueFormats)
PANELS = {"stat", "timeseries"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OF_GRAFANA = {"$__rate_interval": "1m", "$job": "filch-worker", "$instance": ".*"}


def cells(panel):
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def check_structure(findings, board, alerts):
    panels = board["panels"]
    ids = [panel["id"] for panel in panels]
    findings.claim(len(ids) == len(set(ids)) and all(isinstance(one, int) for one in ids), f"ids of panels are unique: {ids}")
    variables = [one["name"] for one in board["templating"]["list"]]
    findings.claim(variables == ["datasource", "job", "instance"], f"variables: {variables}")
    findings.claim(board["templating"]["list"][0]["type"] == "datasource", "the first variable is the data source")
    findings.claim(board["uid"] and board["title"] and board["schemaVersion"] >= 36, "uid, title and schemaVersion are set")
    taken = set()
    for panel in panels:
        findings.claim(not taken & cells(panel), f"panel '{panel['title']}' overlaps another")
        findings.claim(all(0 <= x < 24 for x, _ in cells(panel)), f"panel '{panel['title']}' is within 24 columns")
        taken |= cells(panel)
        if panel["type"] != "row":
            check_panel(findings, panel, alerts)


def check_panel(findings, panel, alerts):
    title, unit = panel["title"], panel["fieldConfig"]["defaults"].get("unit")
    findings.claim(panel["type"] in PANELS, f"panel '{title}' has a known type: {panel['type']}")
    findings.claim(unit in UNITS, f"panel '{title}' has an unknown unit: {unit}")
    for part in (panel, *panel["targets"]):
        findings.claim(part.get("datasource") == SOURCE, f"panel '{title}' uses the variable datasource: {part.get('datasource')}")
    refs = [target["refId"] for target in panel["targets"]]
    findings.claim(refs and len(refs) == len(set(refs)), f"queries of panel '{title}' have letters of their own: {refs}")
    named = set(re.findall(r"\bFilch[A-Z]\w+", panel.get("description", "")))
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
    run = subprocess.run([sys.executable, deploy / "grafana" / "dashboard.py"], capture_output=True, text=True, check=True)
    board = json.loads(run.stdout)
    scene = live.Scene(deploy, folder)
    recorded, alerts = (promql.rules_of((folder / f"filch-worker.{kind}.yml").read_text(encoding="utf-8"))
                        for kind in ("rules", "alerts"))
    known = promql.exposed(scene.worker.exposition()) | {name for name, _ in recorded}
    check_structure(scene.findings, board, {name for name, _ in alerts})
    queries = [(panel["title"], expression_of(scene.findings, panel, target, known), target["legendFormat"])
               for panel in board["panels"] for target in panel.get("targets", [])]
    scene.findings.stop_if_any()
    scene.play()
    for title, text, legend in queries:
        check_query(scene, title, text, legend)
    for variable in board["templating"]["list"][1:]:
        check_variable(scene, variable)
    scene.end(f"{len(queries)} queries")


main(Path(sys.argv[1]), Path(sys.argv[2]))
