#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: first
# filch-jobs on the broker sqlite: every command does its work and prints JSON that parses; wrong command lines, hostile jobs and
# brokers that are away have their exit statuses.
. "$(dirname "$0")/common.bash"
[ -n "${FILCH_JOBS-}" ] || skip "filch-jobs is not built"
command -v python3 >/dev/null || skip "python3 is missing"
filch=$FILCH_JOBS
unset RABBITMQ_URL QUEUE_NAME
export FILCH_SERVICE_BROKER="sqlite:jobs.db?sync=normal"
"$filch" list >/dev/null 2>err || ! grep -q "unknown broker" err || skip "the broker sqlite is not built"

# json EXPRESSION: true of the object in the file out, which is called r. One Python serves all: it takes long to start.
coproc judge { exec python3 -uc 'import json, sys, traceback
for line in sys.stdin:
    try:
        r = json.load(open("out"))
        print(bool(eval(line)))
    except Exception:
        traceback.print_exc()
        print(False)'; }
json() {
    local answer=''
    echo "(${1//$'\n'/ })" >&"${judge[1]}"
    read -r answer <&"${judge[0]}"
    [ "$answer" = True ]
}

# says WORDS...: each word is in out or err.
says() {
    local word
    for word; do
        cat out err | grep -qF -- "$word" || return 1
    done
}

# database STATEMENT: changes the database behind the back of the command.
database() {
    python3 -c 'import sqlite3, sys
with sqlite3.connect("jobs.db") as db: db.execute(sys.argv[1])' "$1"
}

# terminal INPUT COMMAND...: runs it on a terminal on which INPUT is typed; leaves what it shows in out, and its status in status.
terminal() {
    status=0
    python3 - "$@" >out <<'END' || status=$?
import os, pty, sys
text, *command = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
os.write(fd, text.encode())
try:
    while part := os.read(fd, 4096):
        os.write(1, part)
except OSError:
    pass # the terminal is closed
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
}

# ---- Help, and wrong command lines ----

refused "enqueue list load missing"
refused "nonsense enqueue" nonsense
refused "unknown 'enqeue' (nearest: enqueue;" enqeue
refused "option --queue must follow the command (write filch-jobs COMMAND --queue" --queue x stats
refused "option --json must follow" --json
for arguments in --help --version help 'help list' 'list --help' 'dead list --help' list stats; do
    status=0
    # shellcheck disable=SC2086
    "$filch" $arguments >/dev/full 2>err || status=$?
    claim "filch-jobs $arguments to a full disk ends with 1 and one line: $status, $(cat err)" test "$status,$(wc -l <err)" = 1,1
done
ends_quietly 1 "$filch" list --help
refused "'dead' is incomplete list show requeue drop)" dead
for arguments in 'dead --help' 'dead -h' 'help dead'; do
    # shellcheck disable=SC2086
    run_filch 0 $arguments
    claim "filch-jobs $arguments lists its four commands" \
        test "$(sed -nE 's/^  ([a-z-]+ [a-z]+) {2,}.*/\1/p' out | paste -sd,)" = "dead list,dead show,dead requeue,dead drop"
done
refused "'requeue' is incomplete" requeue --help
refused "'requeue' is incomplete (valid: dead requeue)" requeue 17
refused "unknown 'dead lst' (nearest: dead list; drop)" dead lst
refused "unknown 'deda list' (nearest: dead list;" deda list
refused "nonsense" help nonsense
run_filch 0 --version
claim "the version is a number" grep -Eq '^filch-jobs [0-9]+\.[0-9]+\.[0-9]+$' out
run_filch 0 --help
sed -nE 's/^  ([a-z]+( [a-z]+)?) {2,}.*/\1/p' out >commands
claim "the help lists 16 commands" test "$(wc -l <commands)" -eq 16
run_filch 0 list --help=json
claim "the schemes of brokers are values of --broker" json '{"redis://", "sqlite:"} <= set([o["choices"] for o in r["options"] if o["name"] == "broker"][0])'
while read -r name; do
    # shellcheck disable=SC2086
    run_filch 0 $name --help
    mv out help
    claim "the help of $name has its usage, options and statuses" \
        test "$(grep -cE "^Usage: filch-jobs $name |^ +--json |^Exit status: 0 " help)" -eq 3
    # shellcheck disable=SC2086
    run_filch 0 help $name
    claim "filch-jobs help $name is the same" cmp -s out help
    # shellcheck disable=SC2086
    refused "option" $name --nonsense
done <commands
refused "type" enqueue body
refused "arguments" enqueue --type t one two
refused "arguments" show
refused "arguments" result
refused "arguments" cancel
refused "twice" list tasks --queue other
refused "empty" list ""
refused "empty" list --queue ""
refused "blank" list --queue "a b"
refused "blank" stats " a"
refused "queue" pause
refused "ids --all" dead drop
refused "unknown --a (nearest: --all)" dead drop --a
refused "unknown --y (nearest: --yes)" purge tasks --y
refused "ids --all" dead requeue --all id
refused "delay duration 0s..3650d; units" enqueue --type t --delay 5x
refused "delay" enqueue --type t --delay -1s
refused "expires" enqueue --type t --expires 0
refused "priority 0..9" enqueue --type t --priority 10
refused "header NAME=VALUE" enqueue --type t --header novalue
refused "header NAME=VALUE" enqueue --type t --header =v
refused "header letters" enqueue --type t --header $'a\nb=v'
refused "envelope native json raw" enqueue --type t --envelope xml
refused "limit 1..100000" list --limit 0
refused "rate" load --rate 0
refused "size" load --size 99999999999
refused "concurrency 1..1000" load --concurrency 1001
refused "duration" load --duration soon
refused "body 'no/such/file': No such file (valid: 16 MiB)" enqueue --type t @no/such/file
refused "no/such/file" enqueue --lines no/such/file
refused "unknown broker nonsense sqlite" list --broker nonsense:secret
refused "'redis' is not a URL (write redis://...)" list --broker redis
refused "'sqlite' is not a URL (write sqlite:...)" list --broker sqlite
claim "the rest of a URL is not printed" test "$(grep -c secret err)" -eq 0
refused "sync=never full" list --broker "sqlite:x.db?sync=never"

# ---- Brokers and queues by default ----

run_filch 1 list --broker "sqlite:commands/jobs.db"
claim "a database that cannot be is named" says commands/jobs.db
run_filch 1 stats --broker postgres://localhost:1/x
claim "no command says that it tries again" test "$(grep -c retried err)" -eq 0
for call in 'enqueue --type x' stats 'list q' 'load --rate 1'; do
    # shellcheck disable=SC2086
    refused "broker 'memory:x' one process sqlite:" $call --broker memory:x
done
run_filch 1 stats --broker sqlite:absent/jobs.db
claim "the message says how one is made" says "no database yet: absent/jobs.db; start a service, or enqueue a job"
claim "a look creates no database" test ! -e absent
(
    unset FILCH_SERVICE_BROKER
    export XDG_STATE_HOME=$scratch/state
    run_filch 0 enqueue --type t
    claim "without a broker it is the user's database" test -f state/filch/jobs.db
    QUEUE_NAME=tasks refused "QUEUE_NAME no broker RABBITMQ_URL FILCH_SERVICE_BROKER" list
    RABBITMQ_URL='' refused "RABBITMQ_URL empty" list
    FILCH_SERVICE_BROKER='' refused "FILCH_SERVICE_BROKER empty" list
    RABBITMQ_URL=sqlite:rabbit.db refused "RABBITMQ_URL sqlite:rabbit.db amqp:// FILCH_SERVICE_BROKER" list
    exit "$failures"
)
failures=$((failures + $?))
QUEUE_NAME=named run_filch 0 list
claim "variables name the broker and the queue" test "$(grep -c "'named'" out)" -eq 1
QUEUE_NAME='two words' run_filch 0 list tasks
QUEUE_NAME='two words' run_filch 2 list
claim "a name that cannot be is refused" says "QUEUE_NAME 'two words' has a blank or a control character"

# ---- enqueue, list, peek, show, stats ----

run_filch 0 list
claim "an empty queue says so" says "no job waits in queue 'tasks'"
run_filch 0 list --json
claim "in JSON as well" json 'r == {"queue": "tasks", "count": 0, "jobs": []}'
run_filch 0 enqueue --type mail 'hello' --header Authorization=Bearer --header own=1 --content-type text/plain
claim "its id is written" grep -qE '^[0-9a-f]{32}$' out
id=$(cat out)
run_filch 0 show "$id" --json --redact OWN
claim "show has the whole job" json 'r["type"] == "mail" and r["body"] == "hello" and r["size"] == 5 and r["attempt"] == 1
    and r["content_type"] == "text/plain" and r["body_base64"] is None and r["expires"] is None and r["age"] >= 0'
claim "secrets are hidden" json 'r["headers"] == {"Authorization": "[redacted]", "own": "[redacted]"}'
run_filch 0 show "$id"
claim "for people, too" says "[redacted]" "own: 1" hello
claim "no secret is shown" test "$(grep -c Bearer out)" -eq 0
run_filch 1 show nonsense
claim "an unknown job is named" says "no waiting job 'nonsense'"

# ---- result ----

run_filch 1 result 17
claim "a job without a record is named" says "no record of job '17'" "no dead letter in queue 'tasks'" "--queue"
database "INSERT INTO records VALUES ('17', 1, 1500000000, 9223372036854775807, 'three of 3', x'1b5b316d', NULL),
    ('18', 2, 0, 9223372036854775807, NULL, x'ff', 'no image'), ('19', 0, 0, 1, 'old', NULL, NULL)"
run_filch 0 result 17 --json
claim "result has the whole record" json 'r == {"id": "17", "state": "done", "updated": 1.5, "progress": "three of 3",
    "progress_base64": None, "result": "\x1b[1m", "result_base64": None, "reason": None}'
run_filch 0 result 17
claim "for people, too" says "done" "three of 3" "4 bytes" '\x1b[1m'
run_filch 0 result 18 --json
claim "a dead letter has a reason" json 'r["state"] == "dead" and r["reason"] == "no image" and r["result_base64"] == "/w=="
    and r["result"] is None and r["progress"] is None'
run_filch 0 result 18
claim "the page of a dead letter has the reason" says "dead: the job has failed" "no image"
run_filch 1 result 19
run_filch 0 enqueue --type t --id silent --queue failed.dlq --header 'x-dlq-reason=exit 3: no disk' --header x-dlq-timestamp=1500 body
run_filch 0 result silent --queue failed --json
claim "a failed job without a record is shown from its dead letter" json 'r == {"id": "silent", "state": "dead", "updated": 1500,
    "progress": None, "progress_base64": None, "result": None, "result_base64": None, "reason": "exit 3: no disk"}'
run_filch 0 result silent --queue failed
claim "its page has the reason" says "dead: the job has failed" "exit 3: no disk"
run_filch 1 result silent

# ---- Jobs of strangers ----

printf '\033[31m\000\377' >binary
run_filch 0 enqueue --type bin --id $'\033[2J' --priority 9 @binary --json
claim "enqueue tells the ids" json 'r == {"queue": "tasks", "enqueued": 1, "ids": ["\x1b[2J"], "refused": []}'
run_filch 0 enqueue --type bin --id stdin --delay 1h --expires 2h - <binary
run_filch 0 peek
claim "control characters of strangers do not reach a terminal" test "$(tr -dc '\033\377' <out | wc -c)" -eq 0
claim "but are told" says '\x1b[2J' '\x1b[31m\x00\xff'
run_filch 0 list
claim "nor by list" test "$(tr -dc '\033' <out | wc -c)" -eq 0 -a "$(wc -l <out)" -eq 4
run_filch 0 peek --json --limit 2
claim "peek has the limit, and the order of delivery" json 'r["count"] == 2 and [j["type"] for j in r["jobs"]] == ["bin", "mail"]'
claim "a body that is no text is in base64" json 'r["jobs"][0]["body"] is None and r["jobs"][0]["body_base64"] == "G1szMW0A/w=="'
database "UPDATE jobs SET first_seen = 0"
run_filch 0 list --json
claim "without a time there is no age" json '{(j["age"], j["first_seen"]) for j in r["jobs"]} == {(None, None)}'
run_filch 0 list
claim "which people see" grep -q ' -  *1  ' out
run_filch 0 stats --json
claim "stats count" json 'r == {"queue": "tasks", "broker": "sqlite", "ready": 2, "delayed": 1, "running": 0, "dead": 0, "paused": False, "paused_types": False}'
run_filch 0 stats other
claim "stats of another queue" grep -q '^ready    0$' out
run_filch 0 enqueue --type t --dedup key
run_filch 1 enqueue --type t --dedup key --json
claim "a key that is taken refuses the job" json 'r["enqueued"] == 0 and "dedup" in r["refused"][0]["error"]'
run_filch 0 enqueue --queue once --type t --id once --dedup once --dedup-for 1h
run_filch 0 cancel --queue once once
run_filch 1 enqueue --queue once --type t --dedup once
run_filch 1 enqueue --queue once --type t --dedup once --dedup-for 1h
refused "--dedup-for without a key" enqueue --type t --dedup-for 1h
run_filch 0 enqueue --queue forms --type t --id e --envelope json '{"n": 1}'
run_filch 0 enqueue --queue forms --envelope raw raw
run_filch 2 enqueue --queue forms --type t --envelope json '{"n": '
claim "a body that is not JSON is refused" says "not JSON"
run_filch 0 peek forms --json
claim "envelopes" json '[j["body"] for j in r["jobs"]] == [r"""{"id":"e","type":"t","payload":{"n": 1}}""", "raw"]'
head -c 16777217 /dev/zero >large
refused "16 MiB" enqueue --type t @large
refused "16 MiB" enqueue --type t - <large

# ---- Lines ----

for i in $(seq 250); do echo "{\"type\": \"line\", \"id\": \"$i\", \"payload\": $i}"; done >lines
run_filch 0 enqueue --queue lines --lines @lines
claim "all lines are enqueued" says "enqueued 250 jobs in queue 'lines'"
run_filch 0 list lines --json --limit 1000
claim "in their order" json '[j["id"] for j in r["jobs"]] == [str(i) for i in range(1, 251)]'
run_filch 0 list lines
claim "50 are listed" test "$(wc -l <out)" -eq 51
run_filch 2 enqueue --queue some --lines --type d --json <<'END'
{"id": "1", "dedup": "some"}

{"id": "2", "dedup": "some"}
{"id": "3", "body": "\u0000"}
nonsense
{"id": "4"}
END
claim "lines before a malformed one are enqueued" json 'r["ids"] == ["1", "3"] and [e["line"] for e in r["refused"]] == [3, 5]'
claim "the line is named" says "line 5:"

# ---- cancel, pause, purge ----

run_filch 1 cancel --queue lines 7 nonsense 8
claim "waiting jobs are cancelled, others are named" says "cancelled 7" "cancelled 8" "'nonsense'"
run_filch 0 cancel --queue lines 9 --json
claim "cancel in JSON" json 'r == {"queue": "lines", "cancelled": ["9"], "stopping": [], "missing": []}'
database "UPDATE jobs SET state = 2, at = 9e18 WHERE id = '10'"
run_filch 0 cancel --queue lines 10
claim "a running job is asked to stop" says "stopping 10"
run_filch 1 cancel --queue lines 10 9 --json
claim "in JSON, too" json 'r == {"queue": "lines", "cancelled": [], "stopping": ["10"], "missing": ["9"]}'
claim "a job that is not there is named" says "no waiting or running job '9'"
run_filch 0 stats lines --json
claim "it is counted as running" json 'r["running"] == 1 and r["ready"] == 246'
for q in pause resume; do
    run_filch 0 $q lines --json --type t
    claim "$q of a type" json "r == {'queue': 'lines', 'type': 't', 'paused': '$q' == 'pause'}"
    run_filch 0 stats lines --json
    claim "stats after $q of a type" json "(r['paused'], r['paused_types']) == (False, '$q' == 'pause')"
done
for state in 'pause --type t:some types' pause:yes 'resume --type t:yes' resume:no; do
    # shellcheck disable=SC2086
    run_filch 0 ${state%:*} lines
    run_filch 0 stats lines
    claim "stats after ${state%:*}" grep -qx "paused   ${state#*:}" out
done
refused "--yes lines" purge lines </dev/null
terminal $'n\n' "$FILCH_JOBS" purge lines
claim "an n on the terminal removes nothing: $status" test "$status" -eq 1
run_filch 0 stats lines --json
claim "all are there" json 'r["ready"] == 246'
run_filch 0 enqueue --queue lines --type late --delay 1h
terminal $'y\n' "$FILCH_JOBS" purge lines
claim "a y removes all, the delayed one as well: $status" test "$status" -eq 0 -a "$(grep -c 'removed 247 jobs' out)" -eq 1
claim "a terminal has a progress bar" grep -q 'jobs purged' out
run_filch 0 stats lines --json
claim "the running one stays" json 'r["ready"] == 0 and r["delayed"] == 0 and r["running"] == 1'
run_filch 0 purge lines --yes --json
claim "purge in JSON" json 'r == {"queue": "lines", "removed": 0}'
claim "and without a terminal no bar" test ! -s err

# ---- Dead letters ----

# bury ID...: letters of the queue q
bury() {
    local letter
    for letter; do
        run_filch 0 enqueue --queue q.dlq --type t --id "$letter" --header x-original-queue="${target-q}" \
            --header x-dlq-reason="${reason-why} $letter" --header keep=1 "body $letter"
    done
}
run_filch 0 dead list q
claim "no letters" says "no dead letters of queue 'q'"
bury a b c
run_filch 0 dead list q
claim "letters have reasons" says RETURNS "why b"
run_filch 0 dead list q --json
claim "in JSON, in a header" json 'r["queue"] == "q.dlq" and [j["headers"]["x-dlq-reason"] for j in r["jobs"]] == ["why a", "why b", "why c"]'
reason='why a\nb' bury d
run_filch 0 dead list q
claim "a reason is not escaped twice" says 'why a\nb d'
run_filch 0 dead show --queue q d
claim "shown, neither" says 'x-dlq-reason: why a\nb d'
run_filch 0 dead drop --queue q d
claim "one letter is singular" says "dropped 1 dead letter of queue"
run_filch 0 dead show --queue q b --json
claim "show has the body" json 'r["body"] == "body b"'
run_filch 1 dead show --queue q nonsense
run_filch 1 dead requeue --queue q b nonsense --json
claim "requeue tells" json 'r == {"queue": "q", "requeued": 1, "failed": 0, "missing": ["nonsense"], "leased": 0}'
run_filch 0 peek q --json
claim "the job is back, without its reasons" json 'r["count"] == 1 and r["jobs"][0]["id"] == "b" and r["jobs"][0]["attempt"] == 1
    and r["jobs"][0]["headers"] == {"keep": "1", "x-dlq-returns": "1"}'
run_filch 0 dead list q --json
claim "the other letters stay, and were not delivered" json '[(j["id"], j["deliveries"]) for j in r["jobs"]] == [("a", 0), ("c", 0)]'
target=elsewhere bury d
run_filch 0 dead requeue --queue q --all
claim "all are requeued" says "requeued 3 dead letters"
run_filch 0 stats q --json
claim "those of the queue" json 'r["ready"] == 3 and r["dead"] == 0'
run_filch 0 list elsewhere --json
claim "and of another queue" json '[j["id"] for j in r["jobs"]] == ["d"]'
bury e f g
run_filch 0 dead drop --queue q f --json
claim "a letter is dropped" json 'r == {"queue": "q", "dropped": 1, "failed": 0, "missing": [], "leased": None}'
target=$(printf 'x%.0s' {1..300}) bury bad
run_filch 1 dead requeue --queue q --all --json
claim "a letter that cannot be requeued stays, and holds up no other" json 'r["requeued"] == 2 and r["failed"] == 1'
run_filch 0 dead list q --json
claim "as it was" json '[(j["id"], j["deliveries"]) for j in r["jobs"]] == [("bad", 0)]'
bury h
run_filch 0 pause q.dlq
run_filch 0 dead drop --queue q --all --json
claim "a paused queue gives none" json 'r["dropped"] == 0'
run_filch 0 resume q.dlq
run_filch 0 dead drop --queue q --all
claim "then the others" says "dropped 2 dead letters"

# A requeue that is killed while it holds a batch: it waits for a reader of its complaints, which are longer than a pipe.
python3 -c 'import json
for i in range(150):
    print(json.dumps({"type": "t", "id": f"{i:01000}", "headers": {"x-original-queue": "x" * 300}}))' |
    "$filch" enqueue --queue held.dlq --lines >/dev/null
mkfifo complaints
exec {complaints}<>complaints
"$filch" dead requeue --queue held --all 2>complaints &
requeue=$!
holds() { "$filch" stats held.dlq --json >out 2>err && json "r[\"running\"] == $1"; }
until holds 100; do kill -0 $requeue; done
run_filch 0 stats held --json
claim "held letters are dead letters" json 'r["dead"] == 150'
claim "a tool's lease is short" python3 -c 'import sqlite3, time
(until,), = sqlite3.connect("jobs.db").execute("SELECT max(at) FROM jobs WHERE state = 2 AND type = ?", "t")
assert until <= time.time_ns() + 20_000_000_000, until'
kill -9 $requeue
wait $requeue || true
exec {complaints}>&-
run_filch 1 dead requeue --queue held --all --json
claim "the next one tells of leased letters" json '(r["requeued"], r["failed"], r["missing"], r["leased"]) == (0, 50, [], 100)'
run_filch 1 dead drop --queue held --all
claim "and people are told" says "dropped 50" "others, or a command that was killed, hold 100 dead letters of queue 'held'"
run_filch 1 dead drop --queue held nonsense --json
claim "also if a letter is missing" json '(r["missing"], r["leased"]) == (["nonsense"], 100)'
database "UPDATE jobs SET at = 1 WHERE state = 2 AND type = 't'"
run_filch 0 dead drop --queue held --all --json
claim "after their leases they are there" json '(r["dropped"], r["leased"]) == (100, 0)'

# ---- load ----

run_filch 0 load --consume --count 300 --concurrency 4 --size 0 --json
claim "each job ran once" json '(r["published"], r["processed"], r["failed"], r["lost"], r["duplicates"]) == (300, 300, 0, 0, 0)'
claim "quantiles ascend, and rates are positive" json '0 <= r["p50"] <= r["p99"] <= r["p99_9"] and r["rate"] > 0 and r["publish_rate"] > 0'
run_filch 0 load --consume --count 50 --broker memory:
run_filch 0 load --consume --rate 500 --duration 200ms --type own
claim "a rate and a duration end it" says "process rate" "p99.9" "lost          0"
claim "off a terminal there is no bar: $(cat err)" test ! -s err
run_filch 1 load --count 20 --patience 100ms --json
claim "without a service all are left" json '(r["left"], r["processed"], r["p50"], r["lost"]) == (20, 0, None, None)'
"$filch" load --queue outside --count 50 --json >out 2>err &
load=$!
while kill -0 $load 2>/dev/null; do # takes the jobs, as another service does
    "$filch" purge outside --yes >purged 2>&1 || true # the load may hold the database
done
status=0
wait $load || status=$?
claim "another service is measured by the broker's counts: $status" test $status -eq 0
claim "its jobs are processed" json '(r["published"], r["processed"], r["left"], r["dead"], r["duplicates"]) == (50, 50, 0, 0, None)'
run_filch 1 load --consume
claim "a queue with jobs is left alone" says "holds 20 jobs"

# ---- Plan ----

run_filch 0 plan --service-time 200ms --rate 170 --p99 1.5s --json
claim "the fleet meets its target, and one pod less does not" json 'r["p99"] <= 1.5 and (r["pods"], r["slots"], r["least_slots"]) == (4, 40, 35)'
claim "without a price there is no cost" json 'r["cost_per_task"] is None and r["model"].startswith("M/M/c")'
run_filch 0 plan --service-time 0.2 --rate 170 --p99 '1.5 s' --json
claim "a time without a unit is in seconds" json 'r["pods"] == 4'
run_filch 0 plan --service-time 200ms --service-cv 2 --rate 170 --pods 4 --price-cpu-hour 0.04048 --price-gib-hour 0.004445 --json
claim "the cost is that of the pods" json 'abs(r["cost_per_task"] - 4 * (0.5 * 0.04048 + 0.004445) / 3600 / 170) < 1e-12'
claim "other variation has the other model" json 'r["model"].startswith("G/G/c") and abs(r["utilisation"] - 0.85) < 1e-9'
refused "35 slots 4 pods" plan --service-time 200ms --rate 170 --pods 3
refused "cannot be met" plan --service-time 200ms --rate 170 --p99 500ms
refused "either --p99 --pods" plan --service-time 200ms --rate 170
refused "--service-time --rate required" plan --pods 3
refused "service-cv 0..10" plan --service-cv 11

# ---- A result that cannot be written ----

status=0
"$filch" list forms >/dev/full 2>err || status=$?
claim "a full disk is an error: $status" test "$status" -eq 1 -a -s err
status=0
"$filch" list forms --json >/dev/full 2>err || status=$?
claim "also of JSON: $status" test "$status" -eq 1 -a -s err
finish
