# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 'servicebus://jobs:hunter2@n.servicebus.windows.net/' "$valid"
check 2 'servicebus+amqp://jobs:hunter2@n.servicebus.windows.net/' 'use servicebus://, or add plaintext=yes'
check 2 'servicebus://jobs:hunter2@n.servicebus.windows.net/?colour=red' "unknown option of servicebus: 'colour' (valid: connection-file"
check 2 'servicebus://jobs:hunter2@n.servicebus.windows.net/' "queue 'a?' is not a valid Service Bus name" --queues 'a?'
check 2 'servicebus://n.servicebus.windows.net/' 'without a key'
check 2 servicebus://jobs:hunter2@n.servicebus.windows.net/?session=2 "(nearest: sessions"
