#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A message broker for trials. It installs the server and the client library if they are missing; Filch must have been
# built with that library. It starts the server on a free port of loopback, with all its files in a folder, and prints
# its URL.
#   ./tools/broker.sh start redis|postgres|rabbitmq|nats|sqs|pubsub|kafka FOLDER
#   ./tools/broker.sh stop FOLDER          ends the server; its files stay
#   ./tools/broker.sh remove FOLDER        ends the server, and deletes the folder and all files of the server
# A folder of an earlier trial of the same broker is used again. PostgreSQL, started by root, runs as the user postgres,
# which cannot reach the folder: its data are then in /tmp/filch-postgres.*, and FOLDER/data leads there. Anyone who can log in to this machine can use the server. A server that
# the system has started is not touched. Status 0: done; 1: it does not start; 2: wrong usage.
set -u
umask 077
here=$PWD
cd "$(dirname "$0")/.." || exit 2
. tools/packages.sh
root=$PWD

# kind | package of the server, what it brings | client library, what it brings | before the host in the URL | behind the port
kinds='
redis    | redis-tools redis  | command redis-check-rdb | libhiredis-dev | module hiredis | redis:// | /0
postgres | postgresql | server /usr/lib/postgresql/*/bin/postgres | libpq-dev | module libpq | postgres://filch@ | /postgres
rabbitmq | rabbitmq-server | command /usr/lib/rabbitmq/bin/rabbitmq-server | librabbitmq-dev | module librabbitmq | amqp:// | /
nats     | | | libnats-dev | module libnats | nats:// | /jobs
sqs      | npm | command npm | libcurl4-openssl-dev | module libcurl | sqs+http:// | /?region=eu-central-1
pubsub   | libmicrohttpd-dev | module libmicrohttpd | libcurl4-openssl-dev | module libcurl | pubsub://filch/?endpoint=http:// | &credentials=none
kafka    | | | librdkafka-dev | module rdkafka | kafka:// | /
'

fail() {
    echo "$1" >&2
    exit "${2:-1}"
}
usage() {
    sed -n '3,/^set -u/{/^# \?/s///p}' "$0"
}

# free_port: prints a port on which nothing listens, below those that the kernel gives to clients.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# keep COMMAND...: starts a server in the background, and notes its process id.
keep() {
    setsid "$@" >>log 2>&1 </dev/null &
    echo $! >>pids
}

answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# ---- Servers: each is started in its folder, on $port ----

# The server is in redis-tools as well, under another name; that package starts no service.
start_redis() {
    keep bash -c 'exec -a redis-server redis-check-rdb "$@"' redis-server --bind 127.0.0.1 --port "$port" --appendonly yes --appendfsync always --dir "$PWD"
}

start_nats() {
    keep nats-server --jetstream --store_dir "$PWD" --addr 127.0.0.1 --port "$port"
}

# fauxqs, with its queues in memory.
start_sqs() {
    keep node --import "$root/tests/service/brokers/sqs/stand_in/fauxqs_without_sqlite.mjs" "$root/tests/service/brokers/sqs/stand_in/fauxqs.mjs" "$root/build/tools/node_modules/fauxqs" "$port"
}

# Our stand-in of the service, with its messages in memory.
start_pubsub() {
    # shellcheck disable=SC2046
    gcc -std=gnu11 -O2 -D_GNU_SOURCE -I"$root" -I"$root/include" "$root"/tests/service/{http_server,brokers/pubsub/stand_in/*}.c -o stand-in \
        $(pkg-config --cflags --libs libmicrohttpd jansson libcrypto) >>log 2>&1 || return
    keep ./stand-in --stays yes --port "$port"
}

# librdkafka's mock cluster, as our stand-in for Kafka, with its topics in memory: no package of Debian has Kafka. It
# chooses the port.
start_kafka() {
    # shellcheck disable=SC2046
    gcc -std=gnu11 -O2 -D_GNU_SOURCE "$root"/tests/service/brokers/kafka/stand_in/kafka.c -o stand-in $(pkg-config --cflags --libs rdkafka) >>log 2>&1 || return
    keep bash -c 'exec ./stand-in --stays {tasks,tasks.retry,tasks.dlq}=4 >address'
    for ((turn = 0; turn < 100; turn++)); do
        port=$(sed -n 's/.*://p' address 2>/dev/null)
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    return 1
}

# PostgreSQL refuses to run as root: it gets its own user then, and a folder that this user can reach.
start_postgres() {
    local data=$PWD/data as=()
    programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$programs/postgres" ] || programs=$(dirname "$(command -v postgres)")
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid postgres --regid postgres --init-groups --)
        [ -e data ] || ln -s "$(cd /tmp && "${as[@]}" mktemp -d /tmp/filch-postgres.XXXXXX)" data
        data=$(readlink data)
    fi
    [ -e data/PG_VERSION ] || (cd / && "${as[@]}" "$programs/initdb" -D "$data" -U filch -A trust -E UTF8) >>log 2>&1 || return
    keep env -C / "${as[@]}" "$programs/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
    answers() { "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; }
}

start_rabbitmq() {
    export HOME=$PWD RABBITMQ_NODENAME=filch@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$port
    export RABBITMQ_MNESIA_BASE=$PWD/data RABBITMQ_LOG_BASE=$PWD/logs RABBITMQ_PID_FILE=$PWD/rabbitmq.pid
    export RABBITMQ_CONFIG_FILE=$PWD/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/plugins
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
    export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT RABBITMQ_DIST_PORT
    ERL_EPMD_PORT=$(free_port) RABBITMQ_DIST_PORT=$(free_port)
    echo '[].' >plugins
    keep epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT"
    keep /usr/lib/rabbitmq/bin/rabbitmq-server
}

# ---- Commands ----

running() {
    local pid
    [ -e "$1/pids" ] || return 1
    while read -r pid; do
        ! kill -0 "$pid" 2>/dev/null || return 0
    done <"$1/pids"
    return 1
}

# claim_folder KIND FOLDER: moves there. It is new, empty, or of the same kind: its file `kind` says so.
claim_folder() {
    if [ -e "$2/kind" ]; then
        [ "$(cat "$2/kind")" = "$1" ] || fail "cannot start $1 in $2: the folder is of $(cat "$2/kind") (use a folder per broker)"
    elif [ -n "$(ls -A "$2" 2>/dev/null)" ]; then
        fail "cannot use the folder: $2 (new, empty, or of an earlier trial)"
    fi
    { mkdir -p "$2" && cd "$2" && echo "$1" >kind; } || fail "cannot use the folder: $2 (a folder that this user may write)"
}

start() {
    local absent row server server_brings client client_brings scheme behind turn
    row=$(grep -E "^$1 " <<<"$kinds") || fail "unknown broker '$1' (redis, postgres, rabbitmq, nats, sqs, pubsub, kafka)" 2
    IFS='|' read -r _ server server_brings client client_brings scheme behind <<<"$row"
    ! running "$2" || fail "a server runs in $2: $(cat "$2/url") (end it: ./tools/broker.sh stop $2)"
    absent=$(missing "$client|$client_brings")
    need "$server|$server_brings" "$client|$client_brings" >&2 || exit 1
    [ -z "$absent" ] || echo "installed $absent: build Filch again (./tools/run.sh --build), and install it where it was installed" >&2
    [ "$1" != nats ] || fetch 'nats-server | usr/sbin/nats-server' >&2 || exit 1
    [ "$1" != sqs ] || fetch_modules "$npm_to_test_all" >&2 || exit 1
    claim_folder "$1" "$2"
    port=$(free_port)
    rm -f pids
    "start_$1" || fail "$1 does not start: $(tail -n 3 log)"
    for ((turn = 0; turn < 600; turn++)); do
        if answers; then
            echo "${scheme// /}127.0.0.1:$port${behind// /}" | tee url
            return
        fi
        running . || break
        sleep 0.1
    done
    end .
    fail "$1 does not start: $(tail -n 3 log)"
}

# end FOLDER: asks its processes to end, and waits for them; after 30 s it ends them.
end() {
    local pid turn
    while read -r pid; do
        kill "$pid" 2>/dev/null
        for ((turn = 0; turn < 600; turn++)); do
            kill -0 "$pid" 2>/dev/null || continue 2
            sleep 0.05
        done
        kill -KILL "$pid"
    done < <(tac "$1/pids")
    rm -f "$1/pids"
}

# files_of FOLDER: the folder, and data that are elsewhere; one a line.
files_of() {
    echo "$1"
    [ ! -L "$1/data" ] || readlink "$1/data" | grep '^/tmp/filch-postgres\.[^/]*$'
}

# remove FOLDER: only one that `start` has made.
remove() {
    local files
    [ -e "$1/kind" ] || fail "cannot remove $1: it is no folder of this script (one that start has made)"
    [ ! -e "$1/pids" ] || end "$1"
    readarray -t files < <(files_of "$1")
    rm -rf -- "${files[@]}"
}

case ${1-} in
start) [ $# = 3 ] || { usage >&2; exit 2; } ;;
stop | remove) [ $# = 2 ] || { usage >&2; exit 2; } ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
folder=$(cd "$here" && realpath -m "${!#}")
case $1 in
start) start "$2" "$folder" ;;
stop)
    [ -e "$folder/pids" ] || fail "no server runs in $folder"
    end "$folder"
    echo "files kept in: $(files_of "$folder" | paste -sd' ') (delete them: ./tools/broker.sh remove $folder)" >&2
    ;;
remove) remove "$folder" ;;
esac
