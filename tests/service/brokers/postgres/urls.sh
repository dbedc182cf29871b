# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2154
check 0 'postgres://jobs:hunter2@db.example/jobs?sslmode=require' "$valid"
check 2 'postgres://jobs:hunter2@db.example/jobs?sslmode=maybe' 'the option sslmode of postgres has an unknown value (valid: disable, allow'
check 2 'postgres://jobs:hunter2@db.example/jobs?colour=red' colour
check 2 postgres://db.example/jobs?filch_scheme=a "(nearest: filch_schema"
check 0 'postgres://db.example:5432,db.example,other:65535/jobs?sslmode=require' "$valid"
check 2 postgres://db.example:99999/jobs 'invalid port of postgres (valid: 1..65535)'
check 2 postgres://db.example:5432,other:0/jobs 'invalid port of postgres (valid: 1..65535)'
check 2 postgres://db.example:+5/jobs 'invalid port of postgres (valid: 1..65535)'
