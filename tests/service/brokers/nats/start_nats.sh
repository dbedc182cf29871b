# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
client='libnats-dev | module libnats'
url='nats://AT/jobs'

prepare() {
    fetch 'nats-server | usr/sbin/nats-server'
}

launch() {
    keep nats-server --jetstream --store_dir "$PWD" --addr 127.0.0.1 --port "$port"
}
