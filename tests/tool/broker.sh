#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/broker.sh starts one server in a folder, ends it, and starts it again with its data; wrong calls are refused. The
# other kinds are started by the documents of their brokers.
set -eu
folder=$(mktemp -d)
broker=$(realpath "$(dirname "$0")/../../tools/broker.sh")
trap '"$broker" stop "$folder/server" 2>/dev/null || true; rm -rf "$folder"' EXIT
fail() {
    echo "$1"
    exit 1
}

# refused STATUS WORD ARGUMENT...: it ends with this status, and says WORD.
refused() {
    local status=$1 word=$2 said rc=0
    shift 2
    said=$("$broker" "$@" 2>&1) || rc=$?
    [ $rc = "$status" ] && [[ $said == *"$word"* ]] || fail "broker.sh $*: status $rc, '$said'"
}
refused 2 start
refused 2 start redis
refused 2 "unknown broker 'nonsense' (redis, postgres, rabbitmq, nats)" start nonsense "$folder/server"
refused 1 "no server runs in" stop "$folder/server"

url=$("$broker" start redis "$folder/server")
[[ $url =~ ^redis://127\.0\.0\.1:[0-9]+/0$ ]] || fail "the URL is $url"
refused 1 "$url" start redis "$folder/server"
port=${url//[^0-9]/} port=${port#127001} port=${port%0}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'SET kept 1\r\n' >&3
read -r answer <&3
[ "$answer" = $'+OK\r' ] || fail "SET: $answer"
exec 3<&-
read -r pid <"$folder/server/pids"
"$broker" stop "$folder/server"
! kill -0 "$pid" 2>/dev/null || fail "the server runs on"
[ -s "$folder/server/appendonly.aof" ] || [ -d "$folder/server/appendonlydir" ] || fail "its data are gone"
refused 1 "no server runs in" stop "$folder/server"
