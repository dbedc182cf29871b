# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# The server is in redis-tools as well, under another name; that package starts no service.
server='redis-tools redis | command redis-check-rdb'
client='libhiredis-dev | module hiredis'
url='redis://AT/0'

launch() {
    keep bash -c 'exec -a redis-server redis-check-rdb "$@"' redis-server --bind 127.0.0.1 --port "$port" --appendonly yes --appendfsync always --dir "$PWD"
}
