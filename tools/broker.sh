#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A message broker for trials. It installs the server and the client library if they are missing; Filch must have been
# built with that library. It starts the server on a free port of loopback, with all its files in a folder, and prints
# its URL.
#   ./tools/broker.sh start KIND FOLDER
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
# shellcheck disable=SC2034 # files start_KIND.sh use it
root=$PWD

# start_KIND.sh in a broker's folder sets `server` and `client`, packages with their content as in tools/packages.sh, and `url`,
# in which AT is the server's address. Its `launch` starts the server in the present folder, on $port. It may define these again.
server='' client='' url=''
prepare() { :; } # fetches programs that no package brings
answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}
kinds=$(printf '%s\n' tests/service/brokers/*/start_*.sh | sed 's/.*start_\(.*\)\.sh/\1/' | paste -sd, | sed 's/,/, /g')

fail() {
    echo "$1" >&2
    exit "${2:-1}"
}
usage() {
    sed -n '3,/^set -u/{/^# \?/s///p}' "$0"
    echo "KIND: $kinds"
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
    local absent file turn
    file=(tests/service/brokers/*/start_"$1".sh)
    [ -e "${file[0]}" ] || fail "unknown broker '$1' ($kinds)" 2
    # shellcheck source=/dev/null
    . "${file[0]}"
    ! running "$2" || fail "a server runs in $2: $(cat "$2/url") (end it: ./tools/broker.sh stop $2)"
    absent=$(missing "$client")
    need "$server" "$client" >&2 || exit 1
    [ -z "$absent" ] || echo "installed $absent: build Filch again (./tools/run.sh --build), and install it where it was installed" >&2
    prepare >&2 || exit 1
    claim_folder "$1" "$2"
    port=$(free_port)
    rm -f pids
    launch || fail "$1 does not start: $(tail -n 3 log)"
    for ((turn = 0; turn < 600; turn++)); do
        if answers; then
            echo "${url/AT/127.0.0.1:$port}" | tee url
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
