#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch compare: slower results are found and named, equal runs give no output. A file that is damaged, foreign, old,
# empty or huge ends in a sentence and status 2, and no figure. The figures are made up: nothing is measured here.
. "$(dirname "$0")/../common.bash"
pkg-config --exists jansson || skip "jansson is not installed"
${CC:-cc} -O1 -o check_schema "$here/check_schema.c" $(pkg-config --cflags --libs jansson) || exit 1
schema=$here/../../docs/compare-schema.json

# result COLUMN:WORKERS:MILLISECONDS...: a result file of 15 samples each, that lie within 1 % of it.
result() {
    local column workers ms i=0 queue
    echo '{"schema": 2, "ended": "2026-01-01T00:00:00Z", "build": {"version": "1", "commit": "c", "compiler": "gcc",'
    echo '"flags": "-O2"}, "machine": {"cpu": "x", "kernel": "y", "usable_cpus": 2}, "results": [{"kernel": "fib",'
    echo '"label": "fib(30)", "size": "quick", "answer": "832040", "columns": ['
    while IFS=: read -r column workers ms; do
        [ $((i++)) -eq 0 ] || echo ,
        [ "$column" = serial ] && queue=null || queue="\"$column\""
        echo "{\"column\": \"$column\", \"queue\": $queue, \"policy\": null, \"workers\": $workers, \"samples\": ["
        awk -v ms="$ms" 'BEGIN { for (i = 0; i < 15; i++) { s = ms * (1 + (i * 7 % 15 - 7) / 700) / 1000
            printf "%s{\"seconds\": %.9f, \"cpu_seconds\": %.9f}", i ? ", " : "", s, 2 * s } }'
        echo ']}'
    done < <(printf '%s\n' "$@")
    echo ']}]}'
}
result serial:1:10 a:1:20 a:2:10 b:1:30 >old.json
result serial:1:10 a:1:21 a:2:10.2 b:1:30 >slower.json
result serial:1:12 a:1:24 a:2:12 b:1:36 >machine.json
result serial:1:10 c:1:20 >other.json

run_filch 0 compare old.json old.json
claim "a file equals itself: $(head -1 out)" grep -q '^no change beyond 3 % in 4 rows' out
run_filch 1 compare old.json slower.json
claim "a slower result is named, with its significance" \
    grep -Eq '^  fib\(30\), a with 1 worker: \+5\.0 % \(\+[0-9.]+ % \.\. \+[0-9.]+ %\), p < 0\.0001' out
claim "it is one of four rows: $(head -1 out)" grep -q '^slower: 1 of 4 rows' out
run_filch 0 compare --threshold 6 old.json slower.json
run_filch 0 compare slower.json old.json
run_filch 1 compare --either slower.json old.json
run_filch 1 compare --by cpu_seconds old.json slower.json
run_filch 1 compare old.json machine.json
claim "serial code tells of the machine" grep -q '^note: serial code changed, too' out
sed 's/"kernel": "y"/&, "environment": "FILCH_FENCE=full"/' old.json >fenced.json
run_filch 0 compare old.json fenced.json
claim "another environment is noted" grep -q '^note: the environments differ: unknown; FILCH_FENCE=full' out
run_filch 0 compare --relative old.json machine.json
run_filch 1 compare --relative old.json slower.json
run_filch 0 compare old.json other.json
claim "rows that only one has are left out: $(head -2 out)" \
    grep -q '^left out of the verdict: 3 only in old, 1 only in new$' out
claim "rows that only one has are told" grep -Eq '^  c +1 {67}only in new$' out
result c:1:20 >strange.json
run_filch 2 compare old.json strange.json
claim "nothing in common is no success: $(cat err)" grep -q 'no rows in common.*--repeat' err
run_filch 0 compare old.json
claim "columns of one file are pairs" grep -Eq '^  a \(1\) vs b \(1\): 1\.5x faster \(95 % CI 1\.5-1\.5, p < 0\.0001\)$' out
claim "no pair of 1 and 2 workers" test "$(grep -c 'a (1) vs a (2)\|a (2) vs a (1)' out)" -eq 0

# Disturbed results are shown and left out, unless the user asks for them, or the figure cannot
# suffer from the disturbance.
sed 's/"policy": null, "workers": 1/&, "summary": {"disturbed": true, "noise": ["others"]}/' slower.json >noisy.json
run_filch 0 compare old.json noisy.json
claim "disturbed rows are left out: $(head -3 out)" grep -q '^left out of the verdict: 3 disturbed$' out
claim "and shown" grep -Eq '^  a +1 .*\* .*disturbed$' out
run_filch 1 compare --disturbed old.json noisy.json
run_filch 1 compare --by cpu_seconds old.json noisy.json
sed 's/"others"/"clock"/' noisy.json >hot.json
run_filch 0 compare --by cpu_seconds old.json hot.json
run_filch 1 compare --by cpu_seconds --relative old.json hot.json
sed 's/"summary": {"disturbed": false/&/; s/"policy": null, "workers": ./&, "summary": {"disturbed": true, "noise": ["others"]}/' old.json >busy.json
run_filch 2 compare old.json busy.json
claim "that all is disturbed is told: $(cat err)" grep -q 'undisturbed.*--disturbed' err
run_filch 1 compare --format markdown old.json slower.json
claim "Markdown has a row for each: $(cat out)" test "$(grep -c '^| fib(30) | ' out)" -eq 4
claim "and the verdict as a list" grep -q '^- slower: 1 of 4 rows' out
claim "and as many cells in each" test "$(grep '^|' out | awk -F'|' '{print NF}' | sort -u | wc -l)" -eq 1
run_filch 0 compare --format markdown old.json
claim "so have pairs" grep -q '^| fib(30) | a | 1 | b | 1.5x | 1.5..1.5 | .* | faster |$' out

for files in old.json 'old.json slower.json' 'old.json other.json'; do
    # shellcheck disable=SC2086
    "$filch" compare --json $files >report.json 2>err
    claim "JSON of $files keeps to its schema" ./check_schema "$schema" report.json
    # shellcheck disable=SC2086
    "$filch" compare --format csv $files >report.csv 2>err
    claim "CSV of $files: every line has as many fields" \
        test "$(tr -d '\r' <report.csv | sed 's/"[^"]*"/x/g' | awk -F, '{print NF}' | sort -u | wc -l)" -eq 1
    claim "CSV of $files: a head and some lines" test "$(wc -l <report.csv)" -gt 1
done

# bad WORDS FILE: refused, nothing on stdout, and the message names the file, what is wrong and what to do.
bad() {
    refused "$1 $2" compare old.json "$2"
    refused "$1 $2" compare --relative "$2" old.json
}
bad 'cannot directory' missing.json
mkdir folder && bad 'cannot' folder
: >empty.json && bad 'empty measure' empty.json
head -c 700 old.json >cut.json && bad 'line whole' cut.json
echo '{"schema": 1, "width": {}}' >tune.json && bad 'not.a.result' tune.json
echo '[1, 2]' >list.json && bad 'not.a.result' list.json
sed 's/"schema": 2/"schema": 1/' old.json >version.json && bad 'version measure.again' version.json
sed 's/"schema": 2/"schema": 3/' old.json >version.json && bad 'version newer' version.json
sed 's/"seconds": 0.0[0-9]*/"seconds": 0/' old.json >wrong.json && bad 'seconds damaged' wrong.json
sed 's/"seconds": 0.0[0-9]*/"seconds": -1/' old.json >wrong.json && bad 'seconds damaged' wrong.json
sed 's/"seconds": 0.0[0-9]*/"seconds": 1e300/' old.json >wrong.json && bad 'seconds damaged' wrong.json
sed 's/"seconds": 0.0[0-9]*/"seconds": 1e999/' old.json >wrong.json && bad 'line' wrong.json
sed 's/"seconds": 0.0[0-9]*/"seconds": "1"/' old.json >wrong.json && bad 'seconds damaged' wrong.json
sed 's/"workers": 1/"workers": 0/' old.json >wrong.json && bad 'workers damaged' wrong.json
sed 's/"column": "b"/"column": 7/' old.json >wrong.json && bad 'column damaged' wrong.json
sed 's/"column": "b"/"column": "a"/' old.json >wrong.json && bad 'twice damaged' wrong.json
sed 's/"samples"/"simples"/' old.json >wrong.json && bad 'samples damaged' wrong.json
sed 's/"kernel": "fib"/"kernel": "fib", "kernel": "fib"/' old.json >wrong.json && bad 'duplicate' wrong.json
printf '{"schema": 2, "results": %s' "$(printf '[%.0s' {1..5000})" >deep.json && bad 'line' deep.json
head -c 70000000 /dev/zero | tr '\0' ' ' >huge.json && bad 'MiB fewer' huge.json
rm huge.json
sed 's/"answer": "832040"/"answer": "1"/' old.json >answer.json
run_filch 2 compare old.json answer.json
claim "another answer is other work" grep -q 'other answer' out
sed 's/"label": "fib(30)"/"label": "fib\\u001b[31m"/' old.json >colour.json
run_filch 0 compare colour.json
claim "no escape sequences of a file reach the terminal" test -z "$(tr -dc '\033' <out)"
on_terminal() {
    env "$@" python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$filch" compare old.json slower.json </dev/null
}
claim "a terminal shows colours" sh -c 'printf %s "$1" | grep -q "31mslower"' - "$(on_terminal NO_COLOR=)"
claim "unless NO_COLOR is set" test -z "$(on_terminal NO_COLOR=1 | tr -dc '\033')"
run_filch 1 compare --color always old.json slower.json
claim "a file has them on request: $(cat out)" grep -q '31mslower' out
sed 's/"policy": null, "workers": 2/"error": "crashed", &/' old.json >failed.json
run_filch 1 compare old.json failed.json
claim "a new failure is reported: $(head -3 out)" grep -q '^  fib(30), a with 2 workers: crashed' out

awk '/"column": "b"/ { print; getline; print "]}"; next } { print }' old.json >none.json
run_filch 1 compare old.json none.json
claim "no samples are no result: $(head -3 out)" grep -q '^  fib(30), b with 1 worker: no samples' out
run_filch 0 compare none.json old.json
claim "nor a figure" grep -Eq '^  b +1 {67}failed before$' out

# Merging: the rows of all files, each once, of one machine and one build.
run_filch 0 compare --merge --report page.html old.json other.json slower.json
claim "a merged result has the rows of all files: $(head -c 300 out)" python3 -c '
import json
[entry] = json.load(open("out"))["results"]
found = [(c["column"], c["workers"], round(c["samples"][7]["seconds"], 3)) for c in entry["columns"]]
assert found == [("serial", 1, .01), ("a", 1, .02), ("a", 2, .01), ("b", 1, .03), ("c", 1, .02)], found'
claim "the page has it" grep -q '"column":"c"' page.html
sed 's/"schema": 2/&, "verdict": ["*: disturbed", "a"]/' old.json >said.json
sed 's/"schema": 2/&, "verdict": ["b", "*: disturbed"]/; s/"samples"/"summary": {"seconds": 1, "speed_up": 0}, &/' other.json >again.json
"$filch" compare --merge --output out --report page.html said.json again.json
claim "each sentence is there once: $(grep -A4 verdict out)" python3 -c '
import json
assert json.load(open("out"))["verdict"] == ["*: disturbed", "a", "b"]'
claim "a row without a speed-up has none" test "$(grep -c '<td[^>]*>0</td>' page.html)" -eq 0
sed 's/"schema": 2/&, "ceilings": [{"copies": 2, "gain": 1.9}]/' old.json >two.json
sed 's/"schema": 2/&, "ceilings": [{"copies": 2, "gain": 1.8}, {"copies": 4, "gain": 3.1}]/' other.json >four.json
"$filch" compare --merge --output ceilings.json two.json four.json
claim "a merged result has each ceiling once" python3 -c '
import json
found = json.load(open("ceilings.json"))["ceilings"]
assert found == [{"copies": 2, "gain": 1.9}, {"copies": 4, "gain": 3.1}], found'
claim "filch compare reads it" eval 'cp out merged.json && run_filch 0 compare merged.json && grep -q "^  a (1) vs c (1)" out'
run_filch 0 compare --report page.html old.json
claim "a page of one result comes with the table: $(head -2 out)" eval 'grep -q "a (1) vs b (1)" out && ! grep -q "\"column\":\"c\"" page.html'
sed 's/"cpu": "x"/"cpu": "z"/' old.json >elsewhere.json
refused "merge elsewhere.json processor 'x' 'z'" compare --merge old.json elsewhere.json
sed 's/"commit": "c"/"commit": "d"/' old.json >later.json
refused "merge later.json commit 'c' 'd'" compare --merge old.json later.json
run_filch 0 compare --merge old.json answer.json
claim "another answer is another entry" python3 -c 'import json; assert len(json.load(open("out"))["results"]) == 2'
refused "report --merge" compare --report page.html old.json other.json

refused "unknown seconds cpu_seconds" compare --by hours old.json
refused "unknown table csv markdown" compare --format xml old.json
refused "json --json" compare --format json old.json
refused "--export --format" compare --export csv old.json
refused "--threshold number 0..1000" compare --threshold much old.json
refused "--threshold number 0..1000" compare --threshold nan old.json
refused "3 files --merge" compare old.json old.json old.json
refused "few arguments NEW" compare
refused "option" compare --nonsense
refused "folder/none/x written --output" compare --output folder/none/x old.json
run_filch 0 compare --output out.csv --format csv old.json
claim "the file is the output" test ! -s out -a -s out.csv
run_filch 0 compare --output out.csv --format csv old.json
claim "a second time it is not longer" test "$(wc -l <out.csv)" -eq 5
status=0
"$filch" compare old.json >/dev/full 2>err || status=$?
claim "a full disk is an error" test $status -eq 2 -a -s err
run_filch 0 compare --help
for word in --by --relative --threshold --either --disturbed --format --json --output Examples; do
    claim "the help of compare names $word" grep -q -- "$word" out
done

# The other side: filch bench writes what filch compare reads.
refused "folder/none/x written --output" bench --kernels fib --output folder/none/x
run_filch 0 bench --kernels fib --columns chase-lev --size tiny --repeat 8 --workers 1 --slow-down 900 --json --output a.json
run_filch 0 bench --kernels fib --columns chase-lev --size tiny --repeat 8 --workers 1 --json --output b.json
status=0 # 1: another program slowed the row `serial`, of 20 us, by half
"$filch" compare --disturbed --by cpu_seconds --threshold 50 a.json b.json >out 2>err || status=$?
claim "results of filch bench are compared: $(cat err)" test $status -le 1
claim "ten times is seen: $(head -2 out)" grep -Eq '^  fib.*chase-lev with 1 worker: -' out
run_filch 0 compare a.json
claim "pairs have a p" grep -Eq 'chase-lev.*, p [=<] [0-9.]+\)' out
finish
