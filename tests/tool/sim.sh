#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch sim prints the same report for the same seed, in each format, and refuses wrong descriptions by name.
. "$(dirname "$0")/common.bash"

refused "no graph is named --list trace" sim
refused "unknown generator 'trees' (nearest: tree; skew uts loop trace" sim trees
refused "unknown generator 'treee' (nearest: tree;" sim treee:fan=2.5
refused "generator tree 'width' fan depth" sim tree:width=3
refused "generator tree: more than 2,000,000,000 tasks (lower depth)" sim tree:fan=4,depth=40
refused "generator tree 'dept' (nearest: depth;" sim tree:dept=3
for file in nofile.trace ./nofile none.d/a:b; do
    refused "cannot open trace '$file': No such file (valid: trace file, tree, loop" sim "$file"
done
refused "too many arguments 'loop'" sim tree loop
refused "json own --json" sim tree --format json
refused "unknown level 'socket:2' package:N numa:N" sim tree --machine socket:2
refused "count of level 'core:0' 1..1048576" sim tree --machine core:0
refused "16 workers do not fit on 8" sim tree --machine core:8
refused "/nonexistent/m.xml' cannot be read: No such file" sim tree --machine /nonexistent/m.xml
echo "<nonsense/>" >bad.xml
refused "bad.xml' cannot be read: hwloc parse (valid: lstopo" sim tree --machine bad.xml
refused "--workers '0' 1..1024" sim tree --workers 0
refused "--workers '1025' 1..1024" sim tree --workers 1025
refused "--workers '2' 4..1024" sim tree --workers 4..2
refused "unknown --policy 'randm' (nearest: random; all" sim tree --policy randm
refused "unknown --take 'two' (valid: adaptive, one, half" sim tree --take two
refused "unknown --idle 'doze' sleep yield spin" sim tree --idle doze
refused "unknown --queue 'abq' chase-lev the central-mutex all" sim tree --queue abq
for queue in the central-mutex all chase-lev,the; do
    refused "--take half queue chase-lev" sim tree --queue "$queue" --take half
done
refused "--seeds '0' 1..1000" sim tree --seeds 0
for speed in 0 1.01 x nan 0.5x; do
    refused "--speeds '$speed' 0.01..1" sim tree --speeds "1,$speed"
done
refused "/nonexistent/costs No such file" sim tree --costs /nonexistent/costs
echo "forks 3" >wrong
refused "wrong:1 unknown cost 'forks' valid: fork" sim tree --costs wrong

run_filch 0 sim --list
for name in tree skew uts uts-deep loop dag stencil wakeups arrivals; do
    claim "the list has $name" grep -q "^$name: " out
done

# The number of policies, by the message that lists them.
run_filch 2 sim tree:depth=1 --policy none
policies=$(grep -o '(valid: [^)]*' err | tr , '\n' | grep -vc ' all$')
claim "several policies are listed: $(cat err)" test "$policies" -ge 6

# A run of 8 workers on two packages, all policies.
command=(sim uts:depth=6 --machine "package:2 l3:2 core:2" --workers 1..8 --policy all --seeds 3)
for format in "--format table" "--format csv" --json; do
    # shellcheck disable=SC2086
    run_filch 0 "${command[@]}" $format
    cp out first
    # shellcheck disable=SC2086
    run_filch 0 "${command[@]}" $format --output second
    claim "the same seeds have the same $format, byte for byte" cmp first second
    claim "with --output stdout is empty" test ! -s out
done
cat >check.py <<'END'
import json
import sys

report = json.load(open("first", encoding="utf-8"))
rows = report["rows"]
assert len(rows) == 4 * int(sys.argv[1]), len(rows)
for row in rows:
    assert row["makespan_ns"] >= max(report["work_ns"] / row["workers"], report["span_ns"]), row
    assert row["least_ns"] <= row["makespan_ns"] <= row["most_ns"], row
    assert 0 < row["efficiency"] <= 1, row
    whole = row["worked_ns"] + row["searched_ns"] + row["slept_ns"]
    assert abs(whole - row["workers"] * row["makespan_ns"]) <= 0.3 * whole, row  # medians, one by one
    if row["workers"] == 8:
        assert row["steals_far"] > 0 and row["steals_core"] == 0, row
END
claim "the JSON has a row for each policy and number of workers" python3 check.py "$policies"

run_filch 0 sim tree:depth=11,leaf=5000 --workers 1,4 --speeds 1,1,0.5 --json
cat >speeds.py <<'END'
import json

report = json.load(open("out", encoding="utf-8"))
assert report["speeds"] == [1, 1, 0.5], report["speeds"]
for row, capacity in zip(report["rows"], (1, 3)):
    assert abs(row["efficiency"] - report["work_ns"] / capacity / row["makespan_ns"]) < 1e-6, row
    slowest = 1 if capacity == 1 else 0.5
    assert abs(row["greedy_ns"] - report["work_ns"] / capacity - report["span_ns"] / slowest) < 1, row
END
claim "speeds count in efficiency and bound, and the last one holds for further workers" python3 speeds.py
run_filch 0 sim tree:depth=6 --workers 2 --speeds 1,0.5
claim "the report names the speeds: $(sed -n 2p out)" grep -q '; speeds 1,0.5; take' out

for queue in the central-mutex; do
    run_filch 0 sim tree:depth=8 --queue "$queue" --format csv
    cp out csv
    run_filch 0 sim tree:depth=8 --format csv
    claim "queue $queue differs from the default" sh -c '! cmp -s out csv'
done

run_filch 0 sim uts:depth=4 --workers 1..8 --policy all --queue all --format svg --output picture.svg
cat >picture.py <<'END'
import sys
import xml.etree.ElementTree as tree

lines = [p for p in tree.parse("picture.svg").iter("{http://www.w3.org/2000/svg}path") if p.get("class", "").startswith("line")]
assert len(lines) == 3 * int(sys.argv[1]), len(lines)
for line in lines:
    points = line.get("d")[1:].split("L")
    assert len(points) == 4, line.get("d")
    assert [float(p.split()[0]) for p in points] == sorted(float(p.split()[0]) for p in points), points
    assert all(50 <= float(p.split()[1]) <= 370 for p in points), points
END
claim "the picture has a line for each queue and policy" python3 picture.py "$policies"

run_filch 0 sim arrivals:jobs=1000 --workers 2,4
claim "there is a row of jobs for each number of workers" test "$(sed -n '/mean jobs/,/^$/p' out | grep -c ' random ')" -eq 2
refused "value '0' of load 0.01..1" sim arrivals:load=0

refused "no graph is named" sim --show-tasks
cat >tasks.py <<'END'
import json

report = json.load(open("report", encoding="utf-8"))
rows = [line.split() for line in open("tasks", encoding="utf-8")]
assert rows[0] == "task phase before_ns how parent parent_phase gap_ns".split(), rows[0]
tasks, how = {}, {}
for row in rows[1:]:
    task, phase, parent, of = (int(row[i]) for i in (0, 1, 4, 5))
    assert phase == len(tasks.setdefault(task, [])), row
    tasks[task].append({"before": float(row[2]), "children": []})
    if phase == 0 and row[3] != "root":
        tasks[parent][of]["children"].append(task)
    how[task] = row[3]
    assert float(row[6]) == 0, row  # of traces only


def span(task):
    return sum(phase["before"] + max(map(span, phase["children"]), default=0) for phase in tasks[task])


assert list(tasks) == list(range(report["tasks"])), len(tasks)
assert list(how.values()).count("forked") == report["forks"] and how[0] == "root", how
for task in tasks.values():
    for phase in task:
        assert all(how[child] == "forked" for child in phase["children"][:-1]), phase
work = sum(phase["before"] for task in tasks.values() for phase in task)
assert abs(work - report["work_ns"]) < 1 and abs(span(0) - report["span_ns"]) < 1, (work, span(0))
END
for graph in tree:depth=5,node=3 skew:leaves=50 uts:depth=4 dag:depth=4,phases=4,seed=2 stencil:steps=3,blocks=4; do
    run_filch 0 sim "$graph" --workers 1 --json
    cp out report
    run_filch 0 sim "$graph" --show-tasks --output tasks
    claim "the rows of $graph have its tasks, forks, work and span" python3 tasks.py
done

run_filch 0 sim --show-costs
cp out costs
run_filch 0 sim tree:depth=8
cp out built_in
run_filch 0 sim tree:depth=8 --costs costs
claim "the costs that are shown are the built-in ones" cmp out built_in
echo "fork 1000" >slow
run_filch 0 sim tree:depth=8 --costs slow
claim "another cost changes the report" sh -c '! cmp -s out built_in'
finish
