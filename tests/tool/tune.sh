#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch tune: every part has its table, chart and advice; figures agree with each other; the result file keeps to its schema;
# wrong command lines are refused. Nothing is said about how fast anything is.
. "$(dirname "$0")/common.bash"

refused "nonsense width queue pool" tune nonsense
refused "nonsense cpu io mixed" tune --load nonsense
refused "--cpu 200us 1s" tune --cpu 5
refused "--cpu 200us 1s" tune --cpu 2s
refused "--wait" tune --wait -1ms
refused "--cpu --wait" tune --cpu 0 --wait 0
refused "--serial 0.9" tune --serial 1
refused "--rejected 1" tune --rejected 1.5
refused "--widths 4096" tune --widths 1,0
refused "--widths 4096" tune --widths 5000
refused "--widths empty" tune --widths ,
refused "--widths 24" tune --widths "$(seq -s, 30)"
refused "--capacities" tune --capacities ten
refused "--rate" tune --rate 0
refused "--width" tune --width 1.5
refused "--jobs" tune --jobs 100000000
refused "--threads" tune --threads 0
refused "--repeat" tune --repeat 0
refused "option" tune --nonsense
run_filch 0 tune --help
for word in --load --cpu --wait --serial --widths --capacities --rate --rejected --width --jobs --threads --repeat --quick \
    --json "mixed  " Examples; do
    claim "the help of tune names $word" grep -q -- "$word" out
done

run_filch 0 tune width --quick --cpu 20us --repeat 1 --widths 4,2,2
claim "stderr is empty: $(cat err)" test ! -s err
claim "the advice comes first: $(head -1 out)" grep -q "^recommended width: [124] " <(head -1 out)
claim "the widths are 1, 2 and 4, in the table and in the chart" \
    test "$(grep -Eo '^ +[124] ' out | tr -d ' \n')" = 124124
claim "one part was asked for" test "$(grep -Ec '^(Width|Queue|Pool):' out)" -eq 1
claim "no escape sequences off a terminal" test -z "$(tr -dc '\033' <out)"
for word in "Amdahl's law fits" "Noise:" "load own: a job computes 20.0 us"; do
    claim "the table says $word" grep -q "$word" out
done

run_filch 0 tune queue --quick --load io --repeat 1 --width 2 --rate 5000 --capacities 4
claim "a pool that is far too narrow has no capacity: $(head -1 out)" grep -q "recommended capacity: none .*too narrow" <(head -1 out)
run_filch 0 tune queue --quick --load io --repeat 1 --width 8 --rate 100 --capacities 4,500
claim "a pool that is hardly used has one: $(head -1 out)" grep -Eq "^recommended capacity: (4|500) " <(head -1 out)
claim "Little's law is checked" grep -q "L = lambda \* W: the two sides lie at most" out
run_filch 0 tune pool --quick --wait 300ms --cpu 0 --repeat 1 --jobs 8 --threads 4 --width 8
claim "of 8 jobs, some wait for one of 4 threads to end" grep -Eq '^ +threads .* 0 +[1-4]$' out
# A limit that sanitizers cannot live with: 8 MiB of address space for each thread.
if { (ulimit -v 1000000 && "$filch" --version); } >/dev/null 2>&1; then
    (ulimit -s 8192 && ulimit -v 1000000 &&
        "$filch" tune pool --quick --wait 600ms --cpu 0 --repeat 1 --jobs 200 --width 200) >out 2>err
    claim "threads that cannot be started are failures: $(head -1 out)" \
        grep -Eq '^a thread for each of 200 jobs: [1-9][0-9]* could not be started; of the pool.s, 0$' out
fi

status=0
"$filch" tune width --quick --repeat 1 --widths 1 >/dev/full 2>err || status=$?
claim "a full disk is an error" test $status -eq 2 -a -s err
pkg-config --exists jansson || finish
run_filch 2 tune --json no/such/folder
claim "an impossible result file is told before anything is measured" test ! -s out -a -s err
run_filch 2 tune width --quick --repeat 1 --widths 1 --json /dev/full
claim "so is, at the end, one that became too large" grep -q "/dev/full could not be written" err

${CC:-cc} -O1 -o check_schema "$here/check_schema.c" $(pkg-config --cflags --libs jansson) || exit 1
schema=$here/../../docs/tune-schema.json
run_filch 0 tune --quick --repeat 2 --load mixed --serial 0.1 --widths 2,4 --capacities 2,32 --jobs 100 --json result.json
claim "stderr is empty: $(cat err)" test ! -s err
claim "all three parts are there" test "$(grep -Ec '^(Width|Queue|Pool):' out)" -eq 3
claim "the result keeps to its schema" ./check_schema "$schema" result.json
sed 's/"threads": [0-9]*,/"threads": "two",/' result.json >wrong.json
claim "the checker finds a wrong type" test "$(./check_schema "$schema" wrong.json 2>&1 | grep -c threads)" -gt 0
run_filch 0 tune queue --quick --repeat 1 --cpu 50us --capacities 8 --json part.json
claim "the result of one part does, too" ./check_schema "$schema" part.json

command -v python3 >/dev/null || finish
python3 - result.json <<'END' || failures=$((failures + 1))
import json, sys
r = json.load(open(sys.argv[1]))
wrong = []
def claim(text, right):
    if not right:
        wrong.append(text)
def near(a, b):
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b), 1e-9)
def ordered(s):
    return s["min"] <= s["median"] <= s["max"]
w, q, p = r["width"], r["queue"], r["pool"]
widths = [c["width"] for c in w["widths"]]
claim("widths ascend from 1", widths[0] == 1 and widths == sorted(set(widths)))
claim("the recommended width was measured", w["recommended"] in widths)
claim("the load is mixed: %g" % w["busy"], 0 < w["busy"] < 1)
claim("speed-up of width 1 is 1", all(near(v, 1) for v in w["widths"][0]["speed_up"].values()))
claim("the serial share is one", 0 <= w["serial"] <= 1)
for c in w["widths"]:
    claim("spreads are ordered", ordered(c["throughput"]) and ordered(c["speed_up"]))
    n = min(c["width"], w["fills"])
    claim("the fit is Amdahl's law", near(c["fitted"], 1 / (w["serial"] + (1 - w["serial"]) / n)))
    for s in c["samples"]:
        together = round(s["jobs"] * 0.9 / c["width"]) * c["width"]
        claim("a tenth of the jobs was done alone", abs(s["jobs"] - together - together / 9) <= 0.5)
        claim("nobody waits more than all places do", s["waited"] <= c["width"] * s["together"] * 1.001)
        claim("the time spent together is part of the whole", s["together"] <= s["seconds"])
claim("two samples each", all(len(c["samples"]) == 2 for c in w["widths"] + q["capacities"] + p["ways"]))
capacities = [c["capacity"] for c in q["capacities"]]
claim("capacities ascend", capacities == sorted(set(capacities)))
claim("the recommended capacity was measured", q["recommended"] in capacities + [None])
for c in q["capacities"]:
    offered, rejected = (sum(s[k] for s in c["samples"]) for k in ("offered", "rejected"))
    claim("the share is of all samples", near(c["share"] * offered, rejected))
    for i, s in enumerate(c["samples"]):
        claim("arrivals are accepted or rejected", near(s["offered"], s["accepted"] + s["rejected"]))
        claim("lambda is accepted over time", near(s["arrivals"] * s["seconds"], s["accepted"]))
        claim("Little's side is lambda W", near(s["by_little"], s["arrivals"] * s["seconds_in"]))
        claim("quantiles are ordered", s["wait_50"] <= s["wait_99"])
        claim("a job is in the system while it is served", s["service"] <= s["seconds_in"])
        claim("no more are inside than there are places: %g" % s["by_little"],
              s["by_little"] <= q["width"] + c["capacity"])
        first = q["capacities"][0]["samples"][i]
        claim("all capacities see the same arrivals", s["offered"] == first["offered"])
claim("three ways", [c["way"] for c in p["ways"]] == ["threads", "tasks", "pool"])
for c in p["ways"]:
    claim("%s: all jobs were started" % c["way"], c["failures"] == 0 and "error" not in c)
    claim("%s: memory and threads were seen" % c["way"], c["peak_mib"]["min"] > 0 and c["threads"] >= 2)
claim("three sentences", len([t for t in r["advice"] if not t.startswith("disturbed: ")]) == 3)
for text in sorted(set(wrong)):
    print("FAILED: result.json:", text)
sys.exit(bool(wrong))
END
finish
