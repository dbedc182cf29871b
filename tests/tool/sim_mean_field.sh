#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch sim has queues as long as the mean field: jobs arrive at random, and idle workers try random victims.
#
# After M. Mitzenmacher, Analyses of load stealing models based on differential equations (SPAA 1998), whose thieves try
# again at exponential times of rate r. With many workers, s[i], the part of them with at least i jobs, follows
#   s[1]' = load (1 - s[1]) - (s[1] - s[2]) + r (1 - s[1]) s[2]
#   s[i]' = load (s[i-1] - s[i]) - (s[i] - s[i+1]) (1 + r (1 - s[1]))     i > 1
# in units of a job's mean time. A searching worker here looks at intervals of L, until a look finds something or a job
# arrives. It finds something with the chance s[2], and no job arrives before with the chance exp(-load L). So by time of
# search, finds come at the rate s[2] load / (exp(load L) - 1). Thieves of r = load / (exp(load L) - 1) have the same.
. "$(dirname "$0")/common.bash"

for name in fork join ask answer reply start part rob fenced take lock switch wake wake-up patience join-spin search-spin look-again; do
    echo "$name 0"
done >free
printf 'look 1\nawake-pause 1\n' >>free
cat >check.py <<'END2'
import json
import math
import subprocess
import sys

NS, JOBS, WORKERS, LONGEST = 10000000, 300000, 512, 80


def mean_field(load, rate):
    """The fixed point of the equations, from an empty start."""
    s = [1.0] + [0.0] * (LONGEST + 1)
    step = 0.4 / (1 + load + rate)
    for _ in range(100000):
        flow = 1 + rate * (1 - s[1])
        change = [load * (1 - s[1]) - (s[1] - s[2]) + rate * (1 - s[1]) * s[2]]
        change += [load * (s[i - 1] - s[i]) - (s[i] - s[i + 1]) * flow for i in range(2, LONGEST + 1)]
        s[1:-1] = [value + step * d for value, d in zip(s[1:-1], change)]
        if max(map(abs, change)) < 1e-8:
            return s
    raise SystemExit("the equations have not come to rest")


def simulated(load, interval):
    with open("free", encoding="utf-8") as free, open("costs", "w", encoding="utf-8") as file:
        file.write(free.read() + f"look-ready {interval * NS}\n")
    text = subprocess.run([sys.argv[1], "sim", f"arrivals:load={load},ns={NS},jobs={JOBS}", "--workers", str(WORKERS),
                           "--idle", "spin", "--queue", "central-mutex", "--costs", "costs", "--json"],
                          check=True, stdout=subprocess.PIPE).stdout
    return json.loads(text)["rows"][0]


def furthest(row, s):
    """The greatest relative difference of the mean and of the parts above 5 %."""
    pairs = [(row["jobs"], sum(s[1:]))] + [(row[f"with_{i}"], s[i]) for i in range(1, 8) if s[i] > 0.05]
    print("mean %.3f / %.3f; parts" % pairs[0], *("%.4f / %.4f" % pair for pair in pairs[1:]))
    return max(abs(one / other - 1) for one, other in pairs)


for load, interval in ((0.7, 1), (0.9, 0.5), (0.95, 0.1)):
    rate = load / (math.exp(load * interval) - 1)
    row = simulated(load, interval)
    off = furthest(row, mean_field(load, rate))
    print("load %g, looks every %g: off by %.1f %%" % (load, interval, 100 * off))
    assert off <= 0.05, "the queues are others than those of the mean field"
    assert furthest(row, mean_field(load, 1.5 * rate)) > 0.05, "another rate makes no difference"
END2
claim "mean and distribution of the queues are within 5 % of the mean field, and a wrong rate is noticed" python3 check.py "$FILCH_COMMAND"
finish
