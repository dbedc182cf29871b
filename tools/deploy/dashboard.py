#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Prints the dashboard of Grafana, as JSON for "Dashboards, New, Import": dashboard.py >filch-worker.json"""
import json
import re

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24  # columns of Grafana's grid
OPTIONS = {"stat": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"},
           "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}}

# Title, unit (an id of Grafana's valueFormats), description, query, value from which it is red.
# Metrics: docs/telemetry.md; recorded ones: prometheus/filch-worker.rules.yml. JOB and ALL stand for labels.
STATS = (
    ("Connected workers", "short", "Workers with a connection to the broker.", "sum(worker_connected{ALL})", None),
    ("Waiting jobs", "short", "Jobs in the queues that no worker has taken yet.", "sum(job_queue:worker_queue_depth:max{JOB})", None),
    ("Jobs per second", "ops", "Finished runs, over 5 minutes.", "sum(job:worker_tasks:rate5m{JOB})", None),
    ("Failures", "percentunit", "Share of runs that failed, and of jobs that were malformed. Alert: FilchFailureRatio.",
     "max(job:worker_failures:ratio5m{JOB})", 0.1),
    ("Slowest type, p99", "s", "99 % of the runs of each type are shorter. Alert: FilchLatencyHigh.",
     "max(job_type:worker_task_duration_seconds:p99_5m{JOB})", 5),
    ("Places taken", "percentunit", "Running handlers in proportion to width. Alert: FilchWorkersStarved.",
     "max(job:worker_slots:used_ratio{JOB})", 0.95),
    ("Dead letters", "short", "Jobs that will not be run again by themselves. Alert: FilchDeadLettersGrow.",
     "sum(job_queue:worker_dead_letters:max{JOB})", 1),
    ("Cost of 1,000 jobs", "currencyUSD", "The price of the workers, which is set in the recording rules.",
     "1000 * max(job:worker_cost_per_task:dollars{JOB})", None),
)

# Title of the row, then panels: title, unit, description, (legend, query)... RATE(x) is the rate of the counter x.
ROWS = (
    ("Jobs",
     ("Runs by status", "ops", "success; failure: retried, or a dead letter; cancelled; error: dead letters that have not run.",
      ("{{status}}", "sum by (status) (RATE(worker_tasks_processed_total))")),
     ("Runs by type", "ops", "", ("{{task_type}}", "sum by (task_type) (RATE(worker_tasks_processed_total))")),
     ("Duration by type", "s", "The bounds of the histogram go from 5 ms to 10 s.",
      ("p50 {{task_type}}", "histogram_quantile(0.5, sum by (task_type, le) (RATE(worker_task_duration_seconds_bucket)))"),
      ("p99 {{task_type}}", "histogram_quantile(0.99, sum by (task_type, le) (RATE(worker_task_duration_seconds_bucket)))"))),
    ("Queues",
     ("Messages in the broker", "short", "Each worker counts them every 5 s; the largest count is shown.",
      ("ready {{queue}}", "max by (queue) (worker_queue_depth{ALL})"),
      ("delayed {{queue}}", "max by (queue) (worker_queue_delayed{ALL})"),
      ("leased {{queue}}", "max by (queue) (worker_queue_leased{ALL})")),
     ("Received and acknowledged", "ops", "Alert: FilchNoAcknowledgements.",
      ("received", "sum(RATE(worker_received_total))"),
      ("acknowledged", "sum(RATE(worker_settled_total))"),
      ("published", "sum(RATE(worker_published_total))")),
     ("Dead letters", "short", "", ("{{queue}}", "max by (queue) (worker_dead_letters{ALL})")),
     ("Age of the oldest ready message", "s", "RabbitMQ, NATS, Kafka and SQS do not report it.",
      ("{{queue}}", "max by (queue) (worker_queue_oldest_seconds{ALL})"))),
    ("Workers",
     ("Handlers", "short", "Running handlers, messages held, and the bounds of both.",
      ("running", "sum(worker_active{ALL})"),
      ("width", 'sum(filch_pool_width{ALL,pool="service"})'),
      ("held", "sum(worker_held{ALL})"),
      ("prefetch", "sum(worker_prefetch{ALL})")),
     ("Outcomes", "ops", "Retried and dead jobs separately.",
      ("{{outcome}}", "sum by (outcome) (RATE(worker_outcomes_total))"),
      ("returned unbegun", "sum(RATE(worker_returned_total))"),
      ("leases lost", "sum(RATE(worker_leases_lost_total))"),
      ("late", "sum(RATE(worker_late_total))")),
     ("State", "short", "1: yes. Alerts: FilchWorkerDisconnected, FilchBrokerBusy, FilchBreakerOpen.",
      ("connected {{instance}}", "sum by (instance) (worker_connected{ALL})"),
      ("broker busy {{instance}}", "sum by (instance) (worker_broker_busy{ALL})"),
      ("draining {{instance}}", "sum by (instance) (worker_draining{ALL})"),
      ("breaker {{task_type}}", "max by (task_type) (worker_breaker_open{ALL})"))),
    ("Processes",
     ("CPU", "short", "Seconds of CPU time per second.", ("{{instance}}", "sum by (instance) (RATE(process_cpu_seconds_total))")),
     ("Memory", "bytes", "Resident.", ("{{instance}}", "sum by (instance) (process_resident_memory_bytes{ALL})")),
     ("Starts and descriptors", "short", "Starts: changes of the start time in 15 minutes. Alert: FilchWorkerRestarts.",
      ("starts {{instance}}", "sum by (instance) (changes(process_start_time_seconds{ALL}[15m]))"),
      ("descriptors {{instance}}", "sum by (instance) (process_open_fds{ALL})"),
      ("connections made", "sum(increase(worker_connections_total{ALL}[15m]))"))),
)


def expression(text):
    text = re.sub(r"RATE\((\w+)\)", r"rate(\1{ALL}[$__rate_interval])", text)
    return text.replace("{ALL", '{job=~"$job",instance=~"$instance"').replace("{JOB}", '{job=~"$job"}')


def panel(kind, title, unit, description, queries, **defaults):
    targets = [{"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expression(query), "legendFormat": legend}
               for at, (legend, query) in enumerate(queries)]
    return {"type": kind, "title": title, "description": description, "datasource": SOURCE, "targets": targets,
            "options": OPTIONS[kind], "fieldConfig": {"defaults": {"unit": unit, **defaults}, "overrides": []}}


def stat(title, unit, description, query, red):
    steps = [{"color": "green", "value": None}, *([{"color": "red", "value": red}] if red is not None else [])]
    return panel("stat", title, unit, description, [("", query)], thresholds={"mode": "absolute", "steps": steps},
                 decimals=4 if unit == "currencyUSD" else None)


def panels():
    """Each line of panels, of one height, below the one before; ids by position."""
    placed, y = [], 0
    lines = [(4, [stat(*row) for row in STATS])]
    for title, *rows in ROWS:
        lines += [(1, [{"type": "row", "title": title, "collapsed": False, "panels": []}]),
                  (8, [panel("timeseries", *row[:3], row[3:], min=0) for row in rows])]
    for height, line in lines:
        width = WIDTH // len(line)
        placed += [{"id": len(placed) + at + 1, "gridPos": {"x": at * width, "y": y, "w": width, "h": height}, **one}
                   for at, one in enumerate(line)]
        y += height
    return placed


def variable(name, query, **more):
    return {"name": name, "label": name.capitalize(), "type": "query", "datasource": SOURCE, "query": {"query": query, "refId": name},
            "definition": query, "refresh": 2, "sort": 1, "current": {}, **more}


VARIABLES = [
    {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0},
    variable("job", "label_values(worker_connected, job)"),
    variable("instance", 'label_values(worker_connected{job=~"$job"}, instance)', multi=True, includeAll=True, allValue=".*"),
]

print(json.dumps({
    "uid": "filch-worker", "title": "Filch workers", "tags": ["filch"], "schemaVersion": 38, "version": 1, "editable": True,
    "description": "Jobs, queues and workers of filch-worker. Needs the recording rules filch-worker.rules.yml.",
    "graphTooltip": 1, "refresh": "30s", "timezone": "browser", "time": {"from": "now-1h", "to": "now"}, "links": [],
    "annotations": {"list": []}, "templating": {"list": VARIABLES}, "panels": panels()}, indent=1))
