# SPDX-License-Identifier: MIT OR Apache-2.0
# check_kubernetes ARGUMENT...: main.mjs with these arguments, in a scratch folder; its status. Skips without its packages.
check_kubernetes() {
    local root=$here/../..
    NODE_MODULES=$(cd "$root" && pwd)/build/tools/node_modules
    command -v node >/dev/null || skip "node is missing (Debian: nodejs)"
    [ -d "$NODE_MODULES/typescript" ] || skip "npm packages are missing (./tools/test.sh long fetches them)"
    export NODE_MODULES WORKER_COMMAND=${WORKER_COMMAND:?the path of filch-worker}
    export BARS=$root/docs/bars.md SECRETS=$folder/secrets.example.yaml SCRATCH=$PWD
    node "$here/kubernetes/main.mjs" "$@"
}
