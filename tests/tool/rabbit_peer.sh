#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# pika, a client in Python, publishes JSON without properties to a fresh queue: filch-worker runs each message again after its
# first failure. Requeued dead letters equal the messages that pika published, with properties and headers.
. "$(dirname "$0")/common.bash"
jobs=${FILCH_JOBS-} worker=${WORKER_COMMAND-}
[ -n "$jobs" ] && [ -n "$worker" ] || skip "filch-jobs or filch-worker is not built"
"$worker" --brokers | grep -q 'schemes of URLs:.* amqp' || skip "the broker rabbitmq is not built"
/usr/bin/python3 -c 'import pika' 2>/dev/null || skip "python3-pika is missing (Debian: python3-pika)"
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || skip "rabbitmq-server is missing (Debian: rabbitmq-server)"
broker=$here/../../tools/broker.sh
url=$("$broker" start rabbitmq "$PWD/server") || skip "no server: $url"
running=
trap '[ -z "$running" ] || kill "$running"; "$broker" remove "$scratch/server"; rm -rf "$scratch"' EXIT
peer() {
    /usr/bin/python3 "$here/rabbit_peer.py" "${url%/}/%2F" "$@"
}
cat >run <<'END'
#!/bin/sh
body=$(cat)
echo "$FILCH_JOB_ATTEMPT ${FILCH_JOB_ID-none} $body" >>"$1"
[ "$body" != rich ] || exit 1
[ "$FILCH_JOB_ATTEMPT" = 2 ] || exit 75
END
chmod +x run

# serve COUNT FILE OPTION...: runs a worker until the file has COUNT lines, or for too long.
serve() {
    local count=$1 file=$2 i
    shift 2
    touch "$file"
    "$worker" --handlers '[{"type": "t", "command": ["'"$PWD/run"'", "'"$PWD/$file"'"]}]' --envelope raw "$@" >log 2>&1 &
    running=$!
    for ((i = 0; i < 300; i++)); do
        [ "$(wc -l <"$file")" -lt "$count" ] && kill -0 $running || break
        sleep 0.1
    done
    kill $running
    wait $running || claim "the worker ends with 0, not $?: $(tail -3 log)" false
    running=
}

"$jobs" stats --broker "$url" >stats # creates the queues
peer publish 20
serve 40 runs --broker "$url"
claim "20 jobs run again: $(sort runs | uniq -c | head -50)" test "$(grep -c '^2 ' runs)" -eq 20
claim "the first run has no id" test "$(grep -c '^1 none ' runs)" -eq 20
claim "each retry has an id of its own" test "$(grep '^2 ' runs | cut -d' ' -f2 | grep -v none | sort -u | wc -l)" -eq 20
claim "the log of a first run has a null" grep -q '"task_id":null' log
claim "nothing is left: $("$jobs" stats --broker "$url")" grep -q 'dead *0' <("$jobs" stats --broker "$url")

peer publish 3
serve 6 adopted --broker "$url?adopt=yes"
claim "adopted jobs keep their ids: $(cat adopted)" test "$(cut -d' ' -f2 adopted | grep -v none | sort | uniq -c | grep -c '^ *2 ')" -eq 3

peer rich
serve 1 dead --broker "$url"
"$jobs" dead requeue --broker "$url" --all >out 2>&1 || claim "the letter is requeued: $(cat out)" false
peer same >differs 2>&1
claim "the requeued job is what pika published: $(cat differs)" test ! -s differs

peer huge
claim "a letter without its body is not requeued" test "$("$jobs" dead requeue --broker "$url" --all >out 2>&1 || echo refused)" = refused
claim "that is said: $(cat out)" grep -q "letter 'huge' is not requeued: the body is longer than the service reads" out
for ((i = 0; i < 100; i++)); do # until the server has seen the end of the connection that read the letter
    "$jobs" stats --broker "$url" >stats
    grep -q 'dead *1' stats && break
    sleep 0.1
done
claim "it stays: $(cat stats)" grep -q 'dead *1' stats

# A worker with the variables of the guides alone, at a queue that the publisher has declared.
cat >note <<'END'
#!/bin/sh
echo "$FILCH_JOB_TYPE ${FILCH_JOB_ID-none} $(cat)" >>"$1"
END
chmod +x note
guide() {
    env RABBITMQ_URL="$url" QUEUE_NAME=guide WORKER_COUNT=2 SHUTDOWN_TIMEOUT_SEC=5 HEALTH_PORT=0 \
        FILCH_SERVICE_HANDLERS='[{"type": "email_send", "command": ["'"$PWD/note"'", "'"$PWD/$1"'"]},
                                 {"type": "data_export", "command": ["'"$PWD/note"'", "'"$PWD/$1"'"]}]' "$worker" --once >log 2>&1
}
peer guide guide
claim "the worker serves the guides' queue: $(tail -3 log)" guide guided
printf '%s\n' 'data_export g3 ' 'email_send g1 {"to": "a"}' 'email_send none [1.50]' >expected
claim "three jobs run: $(cat guided log)" cmp -s expected <(sort guided)
claim "the queue is called classic: $(cat log)" grep -q "queue 'guide' of RabbitMQ is classic" log
claim "an unknown type is named: $(cat log)" grep -q '"reason":"unknown task type: test"' log
claim "two bodies have no type, and the key is named: $(cat log)" test "$(grep -c '"reason":"message without a type[^"]*envelope=' log)" -eq 2
claim "no message is lost: $("$jobs" stats --broker "$url" --queue guide)" grep -q 'dead *3' <("$jobs" stats --broker "$url" --queue guide)
peer stream log
claim "a stream ends the program with 2" test "$(timeout 60 "$worker" --broker "$url" --queues log >log 2>&1; echo $?)" -eq 2
claim "that is said: $(cat log)" grep -q "queue 'log' of RabbitMQ: it is a stream" log
claim "producers declare a service's queue passively" test "$(peer declare tasks)" = 406
finish
