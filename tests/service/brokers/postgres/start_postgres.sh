# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# PostgreSQL refuses to run as root: it gets its own user then, and a folder that this user can reach.
server='postgresql | server /usr/lib/postgresql/*/bin/postgres'
client='libpq-dev | module libpq'
url='postgres://filch@AT/postgres'

launch() {
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
}

answers() {
    "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"
}
