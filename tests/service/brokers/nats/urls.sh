# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 nats://localhost/jobs?create=no "$valid"
check 2 nats://localhost/jobs?create=maybe 'option of nats: create=maybe (valid: yes, no)'
check 2 nats://localhost/jobs?colour=red "unknown option of nats: 'colour' (valid: prefix, creds"
check 2 nats://localhost/jobs "queue 'a*' is not a valid NATS subject (valid: up to 128 letters" --queues 'a*'
check 2 nats://jobs:hunter2@broker.example/jobs 'use nats+tls://, or add plaintext=yes'
check 2 nats://localhost/jobs?creat=no "(nearest: create"
