# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# Our stand-in of the service, with its messages in memory.
server='libmicrohttpd-dev | module libmicrohttpd'
client='libcurl4-openssl-dev | module libcurl'
url='pubsub://filch/?endpoint=http://AT&credentials=none'

launch() {
    # shellcheck disable=SC2046
    gcc -std=gnu11 -O2 -D_GNU_SOURCE -I"$root" -I"$root/include" "$root"/tests/{service/http_server,service/brokers/pubsub/stand_in/*,support/system/port}.c -o stand-in \
        $(pkg-config --cflags --libs libmicrohttpd jansson libcrypto) >>log 2>&1 || return
    keep ./stand-in --stays yes --port "$port"
}
