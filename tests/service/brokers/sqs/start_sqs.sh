# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# fauxqs, with its queues in memory.
server='npm | command npm'
client='libcurl4-openssl-dev | module libcurl'
url='sqs+http://AT/?region=eu-central-1'

prepare() {
    fetch_modules "$npm_to_test_all"
}

launch() {
    keep node --import "$root/tests/service/brokers/sqs/stand_in/fauxqs_without_sqlite.mjs" "$root/tests/service/brokers/sqs/stand_in/fauxqs.mjs" "$root/build/tools/node_modules/fauxqs" "$port"
}
