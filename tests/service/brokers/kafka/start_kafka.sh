# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# librdkafka's mock cluster, as our stand-in for Kafka, with its topics in memory: no package of Debian has Kafka. It
# chooses the port.
client='librdkafka-dev | module rdkafka'
url='kafka://AT/'

launch() {
    # shellcheck disable=SC2046
    gcc -std=gnu11 -O2 -D_GNU_SOURCE "$root"/tests/service/brokers/kafka/stand_in/kafka.c -o stand-in $(pkg-config --cflags --libs rdkafka) >>log 2>&1 || return
    keep bash -c 'exec ./stand-in --stays {tasks,tasks.retry,tasks.dlq}=4 >address'
    for ((turn = 0; turn < 100; turn++)); do
        port=$(sed -n 's/.*://p' address 2>/dev/null)
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    return 1
}
