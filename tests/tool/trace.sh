#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch trace shows a trace of $TRACED, as a summary and as JSON, and refuses what is none.
. "$(dirname "$0")/common.bash"
program=${TRACED:?the path of a program whose tasks wait}

refused "few arguments FILE" trace
refused "many arguments 'b'" trace a b
refused "nonsense summary chrome" trace --format nonsense a
refused "/nonexistent/a.trace No such file" trace /nonexistent/a.trace
echo "no trace" >text
refused "text not a trace of Filch" trace text

claim "$program runs while it is traced" env FILCH_WORKERS=2 FILCH_TRACE=run.trace "$program" >printed
run_filch 0 trace run.trace
cp out summary
for words in "2 workers" "[0-9] events" "from ready to running" "thief . victim" "run of a taken or started task"; do
    claim "the summary has '$words': $(cat summary)" grep -q "$words" summary
done
claim "a whole trace is not called anything else" sh -c '! grep -q "not whole" summary'

# Each event by the rules of the format: a phase that is known, times that are numbers, rows that are workers,
# complete events that do not overlap within their row, and arrows with two ends.
run_filch 0 trace --format chrome --output run.json run.trace
cat >check.py <<'END'
import collections
import json

events = json.load(open("run.json", encoding="utf-8"))["traceEvents"]
rows, arrows, open_spans = collections.defaultdict(list), collections.Counter(), collections.Counter()
for event in events:
    assert event["ph"] in "MXsfbei", event
    assert event["pid"] == 1 and isinstance(event["tid"], int) and isinstance(event["name"], str), event
    assert event["ts"] >= 0, event
    if event["ph"] == "X":
        assert event["dur"] > 0, event
        rows[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    elif event["ph"] in "sf":
        arrows[event["id"]] += 1 if event["ph"] == "s" else 1000
    elif event["ph"] in "be":
        open_spans[event["cat"], event["id"]] += 1 if event["ph"] == "b" else -1
assert set(rows) == {0, 1}, set(rows)
for parts in rows.values():
    parts.sort()
    assert all(one[1] <= other[0] + 0.0011 for one, other in zip(parts, parts[1:])), "parts of a row overlap"
assert all(ends == 1001 for ends in arrows.values()), arrows
assert not any(open_spans.values()), open_spans
names = {event["args"]["name"] for event in events if event["name"] == "thread_name"}
assert names == {"worker 0", "worker 1"}, names
END
claim "the JSON is as the format demands" python3 check.py

refused "perfetto chrome" trace --format perfetto run.trace

run_filch 2 trace --format span run.trace
claim "that is one message: $(cat err)" test "$(wc -l <err)" -eq 1
claim "a trace without forks has no span: $(cat err)" grep -q "as span: its level is steals; record it with FILCH_TRACE=FILE,tasks" err
claim "$program runs with each fork recorded" env FILCH_WORKERS=2 FILCH_TRACE=tasks.trace,tasks "$program" >printed
run_filch 0 trace --format span tasks.trace
for words in "^work " "^span .*parallelism" "^burdened span" "at least  *at most" "in this run" "forker > task" "(outside) > "; do
    claim "the figures have '$words': $(cat out)" grep -q "$words" out
done
run_filch 0 trace --format span-csv tasks.trace
cat >columns.py <<'END'
import csv

(row,) = csv.DictReader(open("out", encoding="utf-8"))
work, span, burdened = (float(row[name + " (seconds)"]) for name in ("work", "span", "burdened_span"))
assert 0 < span <= work and span <= burdened, row
assert abs(float(row["parallelism"]) - work / span) < 0.01 * work / span, row
assert row["tag"] == "" and float(row["burdened_parallelism"]) > 0, row
END
claim "the row has Cilkscale's columns: $(cat out)" python3 columns.py

refused "few arguments 1" trace diff run.trace
refused "many arguments 'c'" trace diff run.trace run.trace c
refused "text not a trace of Filch" trace diff run.trace text
run_filch 0 trace diff run.trace tasks.trace
claim "the head names both: $(cat out)" sh -c 'grep -q "^A: .*" out && grep -q "^B: " out && grep -q "A  *B  *B / A" out'
for row in length workers events worked "ready: started task" "run of "; do
    claim "two traces are compared by '$row': $(cat out)" grep -q "^$row" out
done
run_filch 0 trace diff run.trace run.trace
claim "a trace is like itself: $(cat out)" sh -c 'sed "1,/B \/ A/d" out | grep . | awk "\$NF != \"1.00\" && \$NF != \"-\" { exit 1 }"'

claim "a limit changes nothing for the program" env FILCH_TRACE=small.trace,limit=1M "$program" >printed
claim "a trace stays below its limit" test "$(stat -c %s small.trace)" -le 1100000
run_filch 0 trace small.trace
claim "a wrong option is refused" sh -c '! FILCH_TRACE=x,speed=7 "$1" >printed 2>err' sh "$program"
claim "and named: $(cat err)" grep -q "unknown trace option 'speed=7'" err
run_filch 2 trace --output /nonexistent/out run.trace
finish
