#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/broker.sh starts a server in a folder, ends it, and removes its files; wrong calls are refused. The other kinds are
# started by the documents of their brokers.
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
kinds=("$(dirname "$broker")"/../tests/service/brokers/*/start_*.sh) kinds=("${kinds[@]##*/start_}")
printf -v list ', %s' "${kinds[@]%.sh}"
refused 2 start
refused 2 start redis
refused 2 "unknown broker 'nonsense' (${list:2})" start nonsense "$folder/server"
refused 1 "no server runs in" stop "$folder/server"
mkdir "$folder/other"
touch "$folder/other/kept"
refused 1 "cannot use the folder" start redis "$folder/other"
refused 1 "cannot remove" remove "$folder/other"
[ -e "$folder/other/kept" ] || fail "a folder with other files was removed"

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
refused 1 "the folder is of redis" start nats "$folder/server"
[ -s "$folder/server/appendonly.aof" ] || [ -d "$folder/server/appendonlydir" ] || fail "its data are gone"
refused 1 "no server runs in" stop "$folder/server"

# After an installation of the client library, which a fake system plays: a hint to build again. Also, what `remove` does.
mkdir "$folder/fake"
# fake NAME LINE: a command of the fake system.
fake() {
    printf '#!/bin/sh\n%s\n' "$2" >"$folder/fake/$1"
    chmod +x "$folder/fake/$1"
}
fake pkg-config "[ -e '$folder/installed' ]"
fake apt-cache true
fake apt-get "[ \"\$1\" = update ] || touch '$folder/installed'"
fake sudo 'exec "$@"'
PATH=$folder/fake:$PATH "$broker" start redis "$folder/server" >"$folder/url" 2>"$folder/said"
grep -q '^installed libhiredis-dev: build Filch again' "$folder/said" || fail "no hint to build again: $(cat "$folder/said")"
read -r pid <"$folder/server/pids"
"$broker" remove "$folder/server"
! kill -0 "$pid" 2>/dev/null || fail "a removed server runs on"
[ ! -e "$folder/server" ] || fail "its files are there: $(ls -A "$folder/server")"
