#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""filch sim beside a SimGrid program: makespans and stolen tasks of the same graphs, costs and numbers of workers.

Usage: agree.py FILCH STEALING [SEEDS [WORKERS,...]]: prints a table, and fails where a claim does not hold. Both draw their
random numbers in their own way, so the medians of the seeds are compared.
"""
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

GRAPHS = {  # of short tasks, so that errors of all costs show; for long ones owners stay silent
    "long tasks": "tree:depth=10,leaf=200000",
    "balanced": "tree:depth=12,leaf=2000,node=100",
    "skewed": "skew:leaves=4096,part=0.1,leaf=2000",
    "UTS": "uts:seed=2,depth=7,node=2000",
    "UTS, deep": "uts-deep:node=2000",
    "phases": "dag:seed=3,depth=6,ns=1000",
}
QUEUES = ["chase-lev", "the"]
NEAR = 0.05  # of the makespan
NEAR_STOLEN = 0.15  # of the number of stolen tasks, where it is at least MANY
MANY = 500
EVEN = 0.005  # closer than that, chance decides which model is nearer

failures = []


def claim(text, holds):
    if not holds:
        failures.append(text)
        print("FAILED:", text)


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def simulated(filch, graph, queue, costs, workers, seeds):
    """The report of filch sim, by workers, and the graph's work and span."""
    text = output(filch, "sim", graph, "--queue", queue, "--take", "one", "--idle", "spin", "--costs", costs, "--workers", workers,
                  "--seeds", seeds, "--json")
    report = json.loads(text)
    return {row["workers"]: row for row in report["rows"]}, report["work_ns"], report["span_ns"]


def by_simgrid(stealing, queue, tasks, costs, workers, seeds):
    """Median makespan and number of stolen tasks, least makespan."""
    runs = [[float(word) for word in output(stealing, queue, tasks, costs, seed, workers).split()] for seed in range(1, seeds + 1)]
    makespans, stolen = zip(*runs)
    return statistics.median(makespans), statistics.median(stolen), min(makespans)


def compare(name, queue, rows, extent, peer):
    """One table row for all numbers of workers."""
    work, span = extent
    cells = {"makespan": [], "stolen": [], "greedy": []}
    for workers, ours in rows.items():
        makespan, stolen, least = peer(workers)
        label = f"{queue}, {name}, {workers} workers"
        bound = max(work / workers, span)
        ratio = ours["makespan_ns"] / makespan
        null = ours["greedy_ns"] / makespan
        claim(f"{label}: filch sim / SimGrid is {ratio:.3f} ({1 - NEAR}..{1 + NEAR})", abs(ratio - 1) <= NEAR)
        claim(f"{label}: a makespan is below work / workers or the span", min(ours["least_ns"], least) >= bound * (1 - 1e-9))
        claim(f"{label}: the null model ({null:.3f}) is closer than filch sim ({ratio:.3f})", abs(ratio - 1) <= max(abs(null - 1), EVEN))
        if stolen >= MANY:
            steals = ours["stolen_tasks"] / stolen
            claim(f"{label}: the ratio of stolen tasks is {steals:.3f} ({1 - NEAR_STOLEN}..{1 + NEAR_STOLEN})", abs(steals - 1) <= NEAR_STOLEN)
        if workers == 1:
            claim(f"{label}: without thieves both are equal", abs(ratio - 1) < 1e-6)
        cells["makespan"].append(f"{ratio:.3f}")
        cells["greedy"].append(f"{null:.2f}")
        cells["stolen"].append(f"{ours['stolen_tasks']:.0f}/{stolen:.0f}")
    print(f"| `{queue}`, {name} |", " | ".join(" ".join(list_of) for list_of in cells.values()), "|", flush=True)


def control(filch, stealing, tasks, costs):
    """The comparison notices a cost that is wrong on one side."""
    graph, queue, workers, seeds = GRAPHS["UTS, deep"], "the", 64, 3
    tasks.write_text(output(filch, "sim", graph, "--show-tasks"), encoding="utf-8")
    rows, *_ = simulated(filch, graph, queue, costs, workers, seeds)
    costs.write_text(re.sub("^look .*", "look 180", costs.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8")
    ratio = rows[workers]["makespan_ns"] / by_simgrid(stealing, queue, tasks, costs, workers, seeds)[0]
    claim(f"looks of 180 ns instead of 60 go unnoticed: the ratio is {ratio:.3f}", abs(ratio - 1) > NEAR)


def main():
    filch, stealing = sys.argv[1:3]
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    workers = sys.argv[4] if len(sys.argv) > 4 else "1,4,16,64"
    print("| queue, graph | makespan: filch sim / SimGrid | stolen tasks: both | greedy / SimGrid |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        tasks, costs = pathlib.Path(folder, "tasks"), pathlib.Path(folder, "costs")
        costs.write_text(output(filch, "sim", "--show-costs"), encoding="utf-8")
        for name, graph in GRAPHS.items():
            tasks.write_text(output(filch, "sim", graph, "--show-tasks"), encoding="utf-8")
            for queue in QUEUES:
                rows, *extent = simulated(filch, graph, queue, costs, workers, seeds)
                compare(name, queue, rows, extent, lambda count: by_simgrid(stealing, queue, tasks, costs, count, seeds))
        control(filch, stealing, tasks, costs)
    sys.exit(bool(failures))


main()
