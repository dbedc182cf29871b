# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 'redis://:hunter2@localhost/3' "$valid"
check 2 'redis://:hunter2@localhost/3?plaintext=maybe' "option of redis: plaintext=maybe (valid: yes, no)"
check 2 'redis://:hunter2@localhost/3?colour=red' "unknown option of redis: 'colour' (valid: ca, db, user, password, plaintext)"
check 2 'redis://:hunter2@localhost/three' 'invalid database'
check 2 redis://localhost/?plaintex=yes "(nearest: plaintext"
