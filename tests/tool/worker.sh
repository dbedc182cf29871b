#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: first
# filch-worker on the broker sqlite: its options, exit statuses and signals; the tables of docs/service/worker.md are those of the program.
. "$(dirname "$0")/common.bash"
worker=${WORKER_COMMAND:?the path of filch-worker}
jobs=${FILCH_JOBS:?the path of filch-jobs}
unset "${!FILCH_SERVICE_@}" RABBITMQ_URL QUEUE_NAME WORKER_COUNT SHUTDOWN_TIMEOUT_SEC HEALTH_PORT OTEL_EXPORTER_OTLP_ENDPOINT OTEL_SERVICE_NAME
export XDG_STATE_HOME=$PWD/state
"$worker" --brokers | grep -q '^sqlite:' || skip "built without sqlite"
"$worker" --check-config --handlers '[{"type": "x", "echo": true}]' >/dev/null 2>&1 || skip "built without jansson"
broker=sqlite:$PWD/jobs.db pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$scratch"' EXIT

# run_worker STATUS ARGUMENT...: must end with that status; leaves its output in out and err.
run_worker() {
    local expected=$1 status=0
    shift
    "$worker" "$@" >out 2>err || status=$?
    claim "filch-worker $* ends with $expected, not $status: $(head -c 600 err)" test "$status" -eq "$expected"
}

# refused_by WORDS ARGUMENT...: status 2, and a message of one line with these words.
refused_by() {
    local word words=$1
    shift
    run_worker 2 "$@"
    claim "filch-worker $*: one line: $(cat err)" test "$(wc -l <err)" -eq 1
    for word in $words; do
        claim "filch-worker $*: the message names $word: $(cat err)" grep -qF -- "$word" err
    done
}

# publish TYPE BODY [NUMBER]: puts jobs into the queue tasks of $broker.
publish() {
    local i
    for ((i = 0; i < ${3:-1}; i++)); do
        claim "a job of type $1 is enqueued" "$jobs" enqueue --broker "$broker" --queue tasks --type "$1" "$2"
    done >/dev/null
}

as=() # a command that runs it as another user

# begin ARGUMENT...: starts a worker whose log is read by await.
begin() {
    rm -f log
    mkfifo log
    "${as[@]}" "$worker" --broker "$broker" --log-level debug "$@" 2>log &
    pid=$!
    exec {lines}<log
}

# await TEXT: reads the log until a line has the text, and leaves it in line.
await() {
    while IFS= read -r line <&"$lines"; do
        printf '%s\n' "$line" >>all-lines
        [[ $line != *"$1"* ]] || return 0
    done
    line=
    claim "the log has a line with $1" false
}

# ends STATUS: the worker's last line is read, and its status is this.
ends() {
    local status=0
    await '"service ended"'
    wait "$pid" || status=$?
    pid=
    exec {lines}<&-
    claim "the worker ends with $1, not $status: $line" test "$status" -eq "$1"
}

# says FIELD...: the last line that was awaited has these fields.
says() {
    local field
    for field; do
        claim "$field is in: $line" grep -qF -- "$field" <<<"$line"
    done
}

# ---- Options ----

run_worker 0 --help
for word in --check-config --once --brokers --sleep --probe --config --width --exit-on-disconnect WORKER_COUNT echo 'Exit status' 69; do
    claim "--help names $word" grep -q -- "$word" out
done
"$worker" --help=markdown | grep . >tables
sed -n '/<!-- keys: begin -->/,/<!-- keys: end -->/p' "$here/../../docs/service/worker.md" | grep '^|' >documented
claim "docs/service/worker.md has the tables of filch-worker --help=markdown: $(diff documented tables)" cmp -s documented tables
"$worker" --brokers=markdown | grep . >tables
sed -n '/<!-- brokers: begin -->/,/<!-- brokers: end -->/p' "$here/../../docs/service/brokers.md" | grep '^|' >documented
claim "docs/service/brokers.md has the tables of filch-worker --brokers=markdown: $(diff documented tables)" cmp -s documented tables
run_worker 0 --version
claim "--version names the program and the version: $(cat out)" grep -Eq '^filch-worker \(Filch [0-9.]+\)$' out
run_worker 0 --brokers
claim "--brokers prints capabilities" grep -q '^memory: durable no; priority yes' out
run_worker 0 --sleep 0
run_worker 0 -V
refused_by "--width has no value (write VALUE)" --width
refused_by "--sleep has no value (write N)" --sleep
refused_by "unexpected 'help' (valid: options" help
run_worker 0 --sleep=1ms
run_worker 0 --sleep '1.5 ms'
run_worker 0 --sleep 0.001
refused_by "--sleep soon 0s..1d; units us, default s" --sleep soon
refused_by "--widtth width" --widtth 3
run_worker 2 --help=text

echo '{"broker": "'"$broker"'", "width": 3, "queues": {"tasks": 2}}' >worker.json
export RABBITMQ_URL=amqp://guest:hunter2@localhost/ FILCH_SERVICE_HEALTH_TOKEN=hunter2
run_worker 2 --check-config --broker nothing://guest:hunter2@localhost/
claim "no scheme of this build: $(cat err)" grep -q "unknown broker 'nothing'" err
run_worker 0 --check-config --config worker.json --broker "$broker" --queues a=2,b
claim "--check-config shows values with their source" grep -qx 'width                3 (file)' out
claim "an option wins" grep -qx 'queues               a=2,b (option)' out
claim "secrets are masked" grep -qx 'health-token         \*\*\* (environment)' out
claim "no secret is shown" test -z "$(cat out err | grep hunter2)"
unset RABBITMQ_URL FILCH_SERVICE_HEALTH_TOKEN
run_worker 0 --check-config --broker memory: --handlers '[{"type": "x", "command": ["sh", "-c", "hunter2"], "rate": "6000/m", "width": 2},
    {"type": "y", "echo": true}]'
claim "handlers are shown with their program and limits: $(cat out)" \
    grep -qxF "handler x            command 'sh' and 2 words, width 2, rate 6000 in 60 s with a burst of 600" out
claim "or with their kind alone: $(cat out)" grep -qx 'handler y            echo' out
claim "no word of a handler is shown but the first" test -z "$(grep hunter2 out)"
if "$worker" --check-config --broker memory: --handlers '[{"type": "y", "http": "http://u:hunter2@localhost/"}]' >out 2>err; then
    claim "a URL is shown without its password: $(cat out)" grep -qxF "handler y            http 'http://u:***@localhost/'" out
else
    claim "a build without the kind http says so: $(cat err)" grep -q 'handlers\[0\] y: http needs libcurl' err
fi
refused_by "handlers[0] x: command: PATH array" --check-config --broker memory: --handlers '[{"type": "x", "command": "sh -c true"}]'
refused_by "handlers[0] echo: \"echo\": true" --check-config --broker memory: --handlers '[{"type": "echo", "width": 2}]'
refused_by "--queues 'a blanks" --check-config --broker memory: --queues 'a b'
for option in --check-config --help --help=markdown --brokers --version; do
    status=0
    "$worker" $option >/dev/full 2>err || status=$?
    claim "$option: a full disk is an error, not $status: $(cat err)" test "$status,$(wc -l <err)" = 1,1
done
refused_by "'widtth' width" --check-config --config <(echo '{"widtth": 1}')
FILCH_SERVICE_WIDTTH=3 refused_by "FILCH_SERVICE_WIDTTH width"
refused_by "handlers empty list one, or leave the key out" --check-config --broker memory: --handlers '[]'
refused_by "--broker empty unset" --broker "" --once
ends_quietly 1 "$worker" --help
run_worker 0 --help
claim "the help has the rule of docs/service/worker.md for empty values" grep -qF "An empty variable counts as unset." out
QUEUE_NAME=mail refused_by "QUEUE_NAME broker RABBITMQ_URL" --once
RABBITMQ_URL=redis://localhost/ refused_by "RABBITMQ_URL redis://localhost/ amqp://" --once
claim "no file of jobs was made" test ! -e state
KUBERNETES_SERVICE_HOST=10.0.0.1 run_worker 0 --check-config
claim "in a pod the endpoints are on all addresses: $(cat out)" grep -qx 'health-address       0.0.0.0 (default)' out
KUBERNETES_SERVICE_HOST=10.0.0.1 run_worker 0 --check-config --health-address 127.0.0.1
claim "unless told: $(cat out)" grep -qx 'health-address       127.0.0.1 (option)' out
WORKER_COUNT=ten refused_by "WORKER_COUNT ten 1..100000"
echo '{"periodic": [{"name": "beat", "cron": "@daily", "type": "nonsense"}]}' >periodic.json
refused_by "beat nonsense" --check-config --broker "$broker" --config periodic.json
refused_by "sync=no full" --broker "sqlite:$PWD/x.db?sync=no"

# ---- Once ----

publish echo "" 3
publish hash text
publish sleep 1ms
publish fail ""
publish fail retry
publish nonsense ""
run_worker 0 --once --broker "$broker"
claim "the number of workers is logged once, with its reason" \
    test "$(grep -Ec '"workers started","workers":([0-9]+),"sizing":"\1: .*"binding":"[^"]+","fence":"[^"]+"' err)" -eq 1
claim "all were run: $(tail -1 err)" grep -q '"done":5,"retried":1,"dead":2,' err
claim "jobs that cannot run are counted: $(tail -1 err)" grep -q '"dead":2,"failed":1,"malformed":1,"expired":0,"poison":0,' err
claim "they are logged" grep -q '"level":"warn","message":"job became a dead letter".*"reason":"unknown task type: nonsense"' err
claim "the dead letter has its reason" grep -q '"the handler fail was asked to fail"' err
claim "the capabilities of the broker are logged" grep -q '"broker connected".*"capabilities":"sqlite: durable yes' err
claim "a log line is a JSON object: $(cat err)" test -z "$(grep -v '^{.*}$' err)"
for turn in 1 2; do # if the log went into the database, the second would find it broken
    status=0
    "$worker" --once --broker "sqlite:$PWD/closed.db" <&- >&- 2>&- || status=$?
    claim "closed standard files do no harm, status $status" test "$status" -eq 0
done
claim "the database is whole" "$jobs" enqueue --broker "sqlite:$PWD/closed.db" --queue tasks --type echo "" >/dev/null
mkfifo gone
exec {reader}<>gone {writer}>gone {reader}<&-
status=0
"$worker" --once --broker "$broker" 2>&"$writer" || status=$?
exec {writer}>&-
claim "a reader of the log that is gone does no harm, status $status" test "$status" -eq 0
run_worker 69 --once --broker sqlite:/proc/none/jobs.db
run_worker 69 --exit-on-disconnect --broker sqlite:/proc/none/jobs.db
claim "the reason is told" grep -q '"the broker is away"' err
run_worker 0 --once
claim "without configuration the jobs are below the state folder" test -s state/filch/jobs.db

# ---- Signals ----

broker=sqlite:$PWD/drain.db

publish sleep 200ms
begin --width 1
await '"processing task"'
kill -TERM "$pid"
await '"draining"'
says '"cause":"SIGTERM"' '"drain_seconds":30'
ends 0
says '"done":1' '"given_back":0'

publish sleep 1h 2
begin --width 1 --workers 1
await '"processing task"'
claim "no core dump" grep -Eq '^Max core file size +0 +0 ' "/proc/$pid/limits"
kill -INT "$pid"
await '"draining"'
says '"cause":"SIGINT"'
kill -TERM "$pid"
await '"cancelling running handlers"'
ends 1
says '"done":0' '"given_back":1'
begin --width 1 --drain-timeout 0
await '"processing task"'
says '"attempt":1'
kill -TERM "$pid"
ends 1
says '"given_back":1'

# ---- Cancel of a running job ----

broker=sqlite:$PWD/cancel.db
"$jobs" enqueue --broker "$broker" --type hang --id stuck >/dev/null
begin --handlers '[{"type": "hang", "command": ["sh", "-c", "echo $$ >child; exec sleep 1000"]}]'
await '"processing task"'
until [ -s child ]; do sleep 0.01; done
claim "a running job is asked to stop" test "$("$jobs" cancel --broker "$broker" stuck)" = "stopping stuck"
await '"task cancelled"'
claim "its process is gone" test ! -e "/proc/$(cat child)"
kill -TERM "$pid"
ends 0
says '"retried":0' '"cancelled":1'
run_worker 0 --once --broker "$broker"
claim "it does not come again" grep -q '"done":0' err

# ---- The environment of children ----

broker=sqlite:$PWD/children.db
publish show ""
export DATABASE_URL=url AWS_SECRET_ACCESS_KEY=hunter2 OTEL_EXPORTER_OTLP_HEADERS=authorization=hunter2 FILCH_SERVICE_HEALTH_TOKEN=hunter2
run_worker 0 --once --broker "$broker" --environment DATABASE_URL --handlers '[{"type": "show", "command": ["sh", "-c", "env >child-variables"]}]'
claim "a command gets the named variable: $(cat child-variables)" grep -qx DATABASE_URL=url child-variables
claim "and no secret: $(cat child-variables)" test "$(grep -c hunter2 child-variables)" -eq 0
publish show ""
FILCH_SERVICE_ENVIRONMENT=FILCH_SERVICE_HEALTH_TOKEN run_worker 0 --once --broker "$broker" \
    --handlers '[{"type": "show", "command": ["sh", "-c", "env >child-variables"]}]'
claim "the list wins over the rule for secrets: $(cat child-variables)" grep -qx FILCH_SERVICE_HEALTH_TOKEN=hunter2 child-variables
unset DATABASE_URL AWS_SECRET_ACCESS_KEY OTEL_EXPORTER_OTLP_HEADERS FILCH_SERVICE_HEALTH_TOKEN

# ---- Breakers ----

broker=sqlite:$PWD/breaker.db
publish bad "" 4
begin --width 1 --handlers '[{"type": "bad", "command": "false", "breaker-requests": 2}]'
await '"circuit breaker changed"'
says '"type":"bad"' '"from":"closed"' '"to":"open"'
await '"refused by the breaker"'
kill -TERM "$pid"
ends 0

# ---- Reload ----

broker=sqlite:$PWD/reload.db
echo '{"width": 3, "drain-timeout": "20s"}' >worker.json
begin --config worker.json --exit-on-disconnect=false
await '"broker connected"'
echo '{"width": 4, "drain-timeout": "7s"}' >worker.json
kill -HUP "$pid"
await '"key changes only at a restart"'
says '"key":"width"'
await '"configuration reloaded"'
says '"changed":1' '"unchangeable":1'
echo '{"width": 4, "drain-timeout": "soon"}' >worker.json
kill -HUP "$pid"
await '"configuration not reloaded"'
says 'drain-timeout' 'soon'
publish echo ""
await '"task completed"'
kill -TERM "$pid"
await '"draining"'
says '"drain_seconds":7'
ends 0
says '"done":1'

# A process that cannot be attached to has its files below /proc owned by root.
[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if "${as[@]}" "$worker" --version >/dev/null 2>&1; then
    broker=memory:
    begin
    await '"broker connected"'
    claim "debuggers of the same user are kept out" test "$(stat -c %u "/proc/$pid/environ")" -eq 0
    kill -TERM "$pid"
    ends 0
    as=()
fi

# ---- Endpoints ----

# answers STATUS PATH: the worker's endpoint answers so; leaves the answer in answer.
answers() {
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&"$connection"
    cat <&"$connection" >answer
    exec {connection}>&-
    claim "$2 answers $1, not $(head -1 answer)" grep -q "^HTTP/1.1 $1 " answer
}

# probed STATUS PATH: filch-worker --probe of it ends so, in a build that has it.
probed() {
    if [ "$has_probe" ]; then run_worker "$1" --probe "http://127.0.0.1:$port$2"; fi
}

has_probe=yes
"$worker" --probe http://127.0.0.1:1/ 2>&1 | grep -q 'has no --probe' && has_probe=
refused_by "--health-port 65536 0..65535" --health-port 65536
broker=sqlite:$PWD/endpoints.db
export FILCH_SERVICE_HEALTH_ADDRESS=127.0.0.1 # also in a container
if "$worker" --once --broker "$broker" --health-port 0 2>err; then
    begin --broker sqlite:/proc/none/jobs.db --health-port 0
    await '"service started"' # signals are watched
    grep -q '"connection":"administer"' all-lines || await '"connection":"administer"'
    kill -TERM "$pid"
    ends 0
    claim "each connection has its name: $(grep '"connection":null' all-lines)" test "$(grep -c '"connection":null' all-lines)" -eq 0
    claim "a port of the kernel's is told" grep -q '"HTTP endpoints listen","address":"127.0.0.1","port":[1-9]' err
    publish echo ""
    publish sleep 1h
    begin --width 1 --health-port 0
    await '"HTTP endpoints listen"'
    port=${line##*'"port":'}
    port=${port%%[^0-9]*}
    await '"task_type":"sleep"'
    answers 200 /health
    answers 200 /ready
    answers 200 /metrics
    claim "the job is counted: $(grep worker_tasks answer)" \
        grep -q '^worker_tasks_processed_total{status="success",task_type="echo"} 1' answer
    answers 200 /debug/state
    probed 0 /ready
    refused_by "$port in use" --broker memory: --health-port "$port"
    run_worker 0 --check-config --broker memory: --health-port "$port"
    refused_by "elsewhere address" --check-config --broker memory: --health-port 0 --health-address elsewhere
    HEALTH_PORT=$port refused_by "$port in use" --broker memory:
    kill -TERM "$pid"
    await '"draining"'
    answers 503 /ready
    answers 200 /health
    probed 1 /ready
    kill -TERM "$pid"
    ends 1
    broker=sqlite:$PWD/token.db
    (umask 077 && echo hunter2 >token)
    FILCH_SERVICE_HEALTH_TOKEN_FILE=token begin --health-port 0 --health-address 0.0.0.0
    await '"HTTP endpoints listen"'
    port=${line##*'"port":'}
    port=${port%%[^0-9]*}
    answers 200 /health
    answers 401 /debug/state
    kill -TERM "$pid"
    ends 0
else
    claim "a build without endpoints says so: $(cat err)" grep -q 'no HTTP endpoints.*libmicrohttpd' err
    refused_by "endpoints libmicrohttpd" --check-config --broker memory: --health-port 0
fi

# ---- Probes ----

[ "$has_probe" ] || finish
refused_by "--probe ftp: http://" --probe ftp://127.0.0.1/
command -v python3 >/dev/null || finish
rm -f log
mkfifo log
python3 - >log <<'END' &
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.handle_request()
server.handle_request()
END
pid=$!
read -r port <log
run_worker 0 --probe "http://127.0.0.1:$port/ready"
run_worker 1 --probe "http://127.0.0.1:$port/health"
claim "the status is told: $(cat err)" grep -q 503 err
wait "$pid"
pid=
run_worker 1 --probe "http://127.0.0.1:$port/ready"

# ---- Spans ----

if ! "$worker" --once --broker memory: --otlp-endpoint http://127.0.0.1:1 2>err; then
    claim "a build without spans says so: $(cat err)" grep -q 'exports no spans.*libcurl' err
    finish
fi
refused_by "endpoint http://HOST:PORT" --broker memory: --otlp-endpoint ftp://user:hunter2@collector
claim "no secret is shown: $(cat err)" test "$(grep -c hunter2 err)" -eq 0
rm -f log
mkfifo log
python3 - >log <<'END' &
import http.server
class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
print(server.server_port, flush=True)
server.handle_request()
END
pid=$!
exec {lines}<log
read -r port <&"$lines"
broker=sqlite:$PWD/spans.db
publish echo ""
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$port run_worker 0 --once --broker "$broker"
read -r line <&"$lines"
says /v1/traces '"process_task"' '"filch-worker"'
wait "$pid"
pid=
finish
