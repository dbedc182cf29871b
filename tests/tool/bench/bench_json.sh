#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The result file keeps to docs/result-schema.json, holds every sample, and CSV says the same.
. "$(dirname "$0")/../common.bash"
pkg-config --exists jansson || skip "jansson is not installed"
${CC:-cc} -O1 -o check_schema "$here/check_schema.c" $(pkg-config --cflags --libs jansson) || exit 1
"$filch" bench --help | grep -q tree-digest || skip "built without libcrypto"

mkdir tree && printf content >tree/$'not\xffutf8' && echo more >'tree/a "b" \c'
run_filch 0 bench --kernels fib,matmul,tree-digest --size tiny --repeat 3 --workers 1,2 --json --dir tree
claim "stderr is empty: $(cat err)" test ! -s err
mv out result.json
schema=$here/../../docs/result-schema.json
claim "the result keeps to its schema" ./check_schema "$schema" result.json
run_filch 0 bench --kernels fib --size tiny --repeat 1 --workers 2 --json --idle yield --take one --wait help-any
claim "modes are in the result" grep -q '"idle": "yield"' out
claim "a result with modes keeps to its schema" ./check_schema "$schema" out
claim "each number of workers has a ceiling, up to the CPUs" \
    test "$(grep -c '"copies":' result.json)" -eq "$(($(nproc) > 1))"
HWLOC_SYNTHETIC='core:2 pu:2' run_filch 0 bench --kernels fib --size tiny --repeat 1 --workers 1 --json
claim "hardware threads of a core are named: $(grep runtime out)" grep -q '"runtime": ".*; 0 and 1 share a core)' out
run_filch 0 bench --kernels wake --size tiny --repeat 1 --workers 1,2 --columns chase-lev --json
claim "a latency keeps to the schema" ./check_schema "$schema" out
claim "a latency is not the time of a run, and has no speed-up: $(cat err)" python3 -c '
import json
[wake] = json.load(open("out"))["results"]
assert wake["latency"], wake
for c in wake["columns"]:
    [sample] = c["samples"]
    assert sample["runs"] == 1 and sample["seconds"] < 5e-3 and c["summary"]["speed_up"] == 0, c'
samples=$(grep -c '"other_share"' result.json)
claim "three samples for each of 5 columns of 3 kernels: $samples" test "$samples" -eq 45

sed 's/"workers": 1/"workers": "one"/' result.json >wrong.json
claim "the checker finds a wrong type" test "$(./check_schema "$schema" wrong.json 2>&1 | grep -c workers)" -gt 0
sed 's/"source"/"sauce"/' result.json >wrong.json
claim "the checker finds an unknown and a missing member" \
    test "$(./check_schema "$schema" wrong.json 2>&1 | grep -Ec 'sauce is unknown|lacks source')" -ge 2

run_filch 0 bench --kernels fib,tree-digest --size tiny --repeat 3 --workers 1,2 --format csv --dir tree
claim "CSV: a head and a line per sample" test "$(wc -l <out)" -eq 31
claim "CSV: every line has as many fields as the head" \
    test "$(tr -d '\r' <out | sed 's/"[^"]*"/x/g' | awk -F, '{print NF}' | sort -u | wc -l)" -eq 1

FILCH_FENCE=full run_filch 0 bench --kernels fib --size tiny --repeat 1 --workers 1 --json
claim "the settings of the environment are part of the record" \
    test "$(grep -c "\"environment\": \"FILCH_FENCE='full' \"\|\"reproduce\": \"FILCH_FENCE='full' filch bench" out)" -eq 2
FILCH_FENCE=full run_filch 0 bench --kernels fib --size tiny --repeat 1 --workers 1
claim "and stands above the table" grep -q "^FILCH_FENCE='full' in the environment" out

status=0
"$filch" bench --kernels fib --size tiny --repeat 1 --json >/dev/full 2>err || status=$?
claim "a full disk is an error" test $status -eq 2 -a -s err
finish
