# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 'kafka+tls://jobs:hunter2@a.example,b.example:9093/?group=jobs&sasl.mechanism=SCRAM-SHA-512' "$valid"
check 2 kafka://localhost/?create=maybe 'option of kafka: create=maybe (valid: yes, no)'
check 2 kafka://localhost/?colour=red "unknown option of kafka: 'colour' (valid: group, ca"
check 2 kafka://localhost/?colour.red=yes "librdkafka refuses the setting 'colour.red'"
check 2 kafka://localhost/?enable.auto.commit=true "setting 'enable.auto.commit' of librdkafka is fixed"
check 2 kafka://localhost/ "queue 'a*' is not a valid Kafka topic (valid: up to 200 letters" --queues 'a*'
check 2 kafka://jobs:hunter2@broker.example/ 'use kafka+tls://, or add plaintext=yes'
check 2 kafka://localhost/?ordring=yes "(nearest: ordering"
