#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# filch-worker --check-config reads the URL of each broker and the names of its queues, without a connection: status 2, and a message that names the
# option and the allowed values, but no password.
. "$(dirname "$0")/common.bash"
worker=${WORKER_COMMAND:?the path of filch-worker}
unset "${!FILCH_SERVICE_@}" RABBITMQ_URL QUEUE_NAME
export XDG_STATE_HOME=$PWD/state FILCH_BROKER_PATH=${BROKER_MODULES:?the folder of the modules of the tests}
"$worker" --brokers >brokers

# check STATUS URL WORDS OPTION...: the message has these words; skipped where the broker was not built.
check() {
    local expected=$1 url=$2 words=$3 status=0
    shift 3
    grep -qE "schemes of URLs:.* ${url%%:*}( |$)" brokers || return 0
    "$worker" --check-config --broker "$url" "$@" >out 2>err || status=$?
    claim "$url ends with $expected, not $status: $(cat err)" test "$status" -eq "$expected"
    claim "$url: the message has '$words': $(cat err)" grep -qF -- "$words" out err
    claim "$url: the message has no password" test -z "$(grep -F hunter2 out err)"
}

valid='the configuration is valid'
check 0 sqlite:jobs.db?sync=normal "$valid"
check 2 sqlite:jobs.db?sync=maybe "option of sqlite: sync=maybe (valid: full, normal)"
check 0 'postgres://jobs:hunter2@db.example/jobs?sslmode=require' "$valid"
check 2 'postgres://jobs:hunter2@db.example/jobs?sslmode=maybe' 'the option sslmode of postgres has an unknown value (valid: disable, allow'
check 2 'postgres://jobs:hunter2@db.example/jobs?colour=red' colour
check 0 'redis://:hunter2@localhost/3' "$valid"
check 2 'redis://:hunter2@localhost/3?plaintext=maybe' "option of redis: plaintext=maybe (valid: yes, no)"
check 2 'redis://:hunter2@localhost/3?colour=red' "unknown option of redis: 'colour' (valid: ca, db, user, password, plaintext)"
check 2 'redis://:hunter2@localhost/three' 'invalid database'
check 0 nats://localhost/jobs?create=no "$valid"
check 2 nats://localhost/jobs?create=maybe 'option of nats: create=maybe (valid: yes, no)'
check 2 nats://localhost/jobs?colour=red "unknown option of nats: 'colour' (valid: prefix, creds"
check 2 nats://localhost/jobs "queue 'a*' is no subject of NATS (valid: up to 128 letters" --queues 'a*'
check 2 nats://jobs:hunter2@broker.example/jobs 'use nats+tls://, or add plaintext=yes'
check 0 'kafka+tls://jobs:hunter2@a.example,b.example:9093/?group=jobs&sasl.mechanism=SCRAM-SHA-512' "$valid"
check 2 kafka://localhost/?create=maybe 'option of kafka: create=maybe (valid: yes, no)'
check 2 kafka://localhost/?colour=red "unknown option of kafka: 'colour' (valid: group, ca"
check 2 kafka://localhost/?colour.red=yes "librdkafka refuses the setting 'colour.red'"
check 2 kafka://localhost/?enable.auto.commit=true "setting 'enable.auto.commit' of librdkafka is fixed"
check 2 kafka://localhost/ "queue 'a*' is no topic of Kafka (valid: up to 200 letters" --queues 'a*'
check 2 kafka://jobs:hunter2@broker.example/ 'use kafka+tls://, or add plaintext=yes'
check 0 'sqs:?region=eu-central-1&create=no' "$valid"
check 2 'sqs:?region=eu-central-1&create=maybe' 'option of sqs: create=maybe (valid: yes, no)'
check 2 'sqs:?region=eu-central-1&colour=red' "unknown option of sqs: 'colour' (valid: region, profile"
check 2 'sqs:?region=eu-central-1' "queue 'a.b' has no name in SQS (valid: letters, digits" --queues a.b
check 2 'sqs://jobs:hunter2@host/?region=eu-central-1' 'without a valid host'
check 2 'sqs+http://host/?region=eu-central-1' 'use sqs://, or add plaintext=yes'
check 0 'amqp://jobs:hunter2@localhost/?queue=classic' "$valid"
check 2 'amqp://jobs:hunter2@localhost/?queue=ring' "option of rabbitmq: queue=ring (valid: quorum, classic)"
check 2 'amqp://jobs:hunter2@localhost/?heartbeat=0' "option of rabbitmq: heartbeat=0 (valid: 1..3600)"
check 2 'amqp://jobs:hunter2@localhost/?colour=red' "unknown option of rabbitmq: 'colour' (valid: queue, create"
check 2 amqp://jobs:hunter2@broker.example/ 'use amqps://, or add plaintext=yes'
check 0 'servicebus://jobs:hunter2@n.servicebus.windows.net/' "$valid"
check 2 'servicebus+amqp://jobs:hunter2@n.servicebus.windows.net/' 'use servicebus://, or add plaintext=yes'
check 2 'servicebus://jobs:hunter2@n.servicebus.windows.net/?colour=red' "unknown option of servicebus: 'colour' (valid: connection-file"
check 2 'servicebus://jobs:hunter2@n.servicebus.windows.net/' "queue 'a?' is no name of Service Bus" --queues 'a?'
check 2 'servicebus://n.servicebus.windows.net/' 'without a key'
check 0 range:7 "$valid"
check 2 range:seven 'unusable URL range:seven (valid: range:1..range:1000000)'
# A misspelt option: the nearest valid one is named, on each broker.
while read -r url nearest; do
    check 2 "$url" "(nearest: $nearest"
done <<'END'
sqlite:jobs.db?synk=full sync
postgres://db.example/jobs?filch_scheme=a filch_schema
redis://localhost/?plaintex=yes plaintext
nats://localhost/jobs?creat=no create
kafka://localhost/?ordring=yes ordering
sqs:?regions=eu-central-1 region
pubsub://project?credential=none credentials
amqp://localhost/?heartbeet=5 heartbeat
servicebus://jobs:hunter2@n.servicebus.windows.net/?session=2 sessions
END
claim "no database was made" test ! -e jobs.db
finish
