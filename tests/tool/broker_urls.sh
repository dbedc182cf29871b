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
check 0 range:7 "$valid"
check 2 range:seven 'unusable URL range:seven (valid: range:1..range:1000000)'
# Rows of each broker. One of them misspells an option, and the nearest valid one is named.
for broker in "$here"/../../runtime/service/brokers/*/broker.cmake; do
    urls=$here/../service/brokers/$(basename "${broker%/*}")/urls.sh
    claim "$urls misspells an option" grep -qF '(nearest: ' "$urls"
    # shellcheck source=/dev/null
    . "$urls"
done
claim "no database was made" test ! -e jobs.db
finish
