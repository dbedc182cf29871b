# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 'amqp://jobs:hunter2@localhost/?queue=classic' "$valid"
check 2 'amqp://jobs:hunter2@localhost/?queue=ring' "option of rabbitmq: queue=ring (valid: quorum, classic)"
check 2 'amqp://jobs:hunter2@localhost/?heartbeat=0' "option of rabbitmq: heartbeat=0 (valid: 1..3600)"
check 2 'amqp://jobs:hunter2@localhost/?colour=red' "unknown option of rabbitmq: 'colour' (valid: queue, create"
check 2 amqp://jobs:hunter2@broker.example/ 'use amqps://, or add plaintext=yes'
check 2 amqp://localhost/?heartbeet=5 "(nearest: heartbeat"
