#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# python3-kafka, an implementation of the protocol of its own, publishes jobs that filch-worker runs, and reads jobs, dead
# letters and committed offsets of Filch. The server is librdkafka's mock cluster.
. "$(dirname "$0")/common.bash"
jobs=${FILCH_JOBS-} worker=${WORKER_COMMAND-}
[ -n "$jobs" ] && [ -n "$worker" ] || skip "filch-jobs or filch-worker is not built"
"$worker" --brokers | grep -q 'schemes of URLs:.* kafka' || skip "the broker kafka is not built"
/usr/bin/python3 -c 'from kafka import KafkaProducer' 2>/dev/null || skip "python3-kafka is missing (Debian: python3-kafka)"
broker=$here/../../tools/broker.sh
url=$("$broker" start kafka "$PWD/server") || skip "no server: $url"
running=
trap '[ -z "$running" ] || kill "$running"; "$broker" remove "$scratch/server"; rm -rf "$scratch"' EXIT
address=${url#kafka://}
peer() {
    /usr/bin/python3 "$here/kafka_peer.py" "${address%%/*}" "$@"
}

peer publish
for number in 1 2 3; do "$jobs" enqueue --broker "$url" --type echo --id "own-$number" "by filch" >/dev/null; done
"$jobs" enqueue --broker "$url" --type nonsense --id unknown nothing >/dev/null
peer read tasks >tasks
claim "the peer reads all jobs: $(cat tasks)" test "$(wc -l <tasks)" -eq 14
for number in 1 2 3; do claim "the peer reads own-$number" grep -qx "own-$number echo by filch" tasks; done

"$worker" --broker "$url" >log 2>&1 &
running=$!
until "$jobs" stats --broker "$url" | grep -q 'ready *0' || ! kill -0 $running; do sleep 0.1; done
kill $running
wait $running || claim "the worker ends with 0, not $?" false
running=
for number in {0..9}; do
    claim "the worker runs peer-$number once" test "$(grep '"task completed"' log | grep -c "\"peer-$number\"")" -eq 1
done
claim "the peer sees all offsets committed: $(peer offsets) are left" test "$(peer offsets)" = 0
claim "the peer reads the dead letter: $(peer read tasks.dlq)" test "$(peer read tasks.dlq)" = "unknown nonsense nothing"
finish
