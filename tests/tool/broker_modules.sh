#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Brokers in modules: the programs and the library need no client library of a broker. filch-worker lists modules, loads those that a
# URL names, also from an installation that was moved, and explains a failure.
. "$(dirname "$0")/common.bash"
worker=${WORKER_COMMAND:?the path of filch-worker}
library=${FILCH_SERVICE_LIBRARY:?the path of libfilch-service.so}
unset "${!FILCH_SERVICE_@}" RABBITMQ_URL QUEUE_NAME
export XDG_STATE_HOME=$PWD/state

# has WORDS: they are in out or err.
has() {
    claim "the output has '$1': $(head -c 3000 out err)" grep -qF -- "$1" out err
}

run_worker() {
    local expected=$1 status=0
    shift
    "$worker" "$@" >out 2>err || status=$?
    claim "filch-worker $* ends with $expected, not $status: $(head -c 600 err)" test "$status" -eq "$expected"
}

for file in "$worker" ${FILCH_JOBS:+"$FILCH_JOBS"} "$library"; do
    readelf -d "$file" | grep NEEDED >needed
    for client in sqlite3 pq hiredis nats rabbitmq; do
        claim "$file does not need lib$client" test -z "$(grep -F "[lib$client." needed)"
    done
done

# A module holds no part of the scheduler, of which a second one would be a fault.
modules=$(dirname "$library")/filch
for file in "$modules"/filch-broker-*.so; do
    [ -e "$file" ] || skip "built without client libraries"
    claim "$file exports its symbol alone" test "$(nm -D --defined-only "$file" | grep -c ' D filch_broker_module$')" -eq 1
    claim "$file holds no runtime" test -z "$(nm "$file" | grep -E ' (filch_runtime_create|fl_worker_here)$')"
done

export FILCH_BROKER_PATH=${BROKER_MODULES:?the folder of the modules of the tests}
run_worker 0 --brokers
# names WORDS: the brokers that are tested against them.
names() {
    grep -B2 "tested against.*$1" out | sed -n 's/: durable.*//p'
}
stand_ins=$(printf '%s\n' "$here"/../service/brokers/*/stand_in | sed 's|.*/\(.*\)/stand_in|\1|' | grep -xF "$(sed -n 's/: durable.*//p' out)")
claim "previews are those with stand-ins: $(cat out)" test "$(names '(preview)')" = "$stand_ins"
claim "each broker but that of the tests says what it is tested against" test "$(names unknown)" = range
has "memory: durable no"
has "range: durable no"
has "schemes of URLs: range"
has "tested against: unknown"
has "filch-broker-newer.so (ABI 6, valid: 5); rebuild it"
has "filch-broker-orphan.so (libabsent_client.so: cannot open shared object file"
run_worker 0 --broker range:20 --once
has '"done":20'
run_worker 2 --broker orphan:x --check-config
has "cannot load broker: "
FILCH_BROKER_PATH=modules run_worker 2 --broker nosuch:x --check-config
has "unknown broker 'nosuch'"

# An installation finds its modules wherever it is.
from_program=$(realpath --relative-to="$(dirname "$worker")" "$modules")
mkdir -p "moved/bin/$from_program"
cp "$worker" moved/bin
cp "$modules"/*.so "moved/bin/$from_program"
chmod -R go-w moved
unset FILCH_BROKER_PATH
worker=$PWD/moved/bin/filch-worker
run_worker 0 --brokers
for file in "$modules"/filch-broker-*.so; do
    name=${file##*/filch-broker-}
    has "${name%.so}: durable"
done
finish
