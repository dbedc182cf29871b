# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 'sqs:?region=eu-central-1&create=no' "$valid"
check 2 'sqs:?region=eu-central-1&create=maybe' 'option of sqs: create=maybe (valid: yes, no)'
check 2 'sqs:?region=eu-central-1&colour=red' "unknown option of sqs: 'colour' (valid: region, profile"
check 2 'sqs:?region=eu-central-1' "queue 'a.b' is not a valid SQS name (valid: letters, digits" --queues a.b
check 2 'sqs://jobs:hunter2@host/?region=eu-central-1' 'without a valid host'
check 2 'sqs+http://host/?region=eu-central-1' 'use sqs://, or add plaintext=yes'
check 2 sqs:?regions=eu-central-1 "(nearest: region"
