#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: kubernetes.sh FOLDER, which is tools/deploy or a copy of it
#
# The Kubernetes manifests: published types and claims of ours (tests/deploy/kubernetes). Status 77: Node or the npm packages of
# tools/packages.sh are missing.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(cd "${1:?the folder to check}" && pwd)/kubernetes
root=$(cd "$here/../.." && pwd)
. "$here/../support/claims.bash"
command -v node >/dev/null || skip "node is missing (Debian: nodejs)"
[ -d "$root/build/tools/node_modules/typescript" ] || skip "npm packages are missing (./tools/test.sh long fetches them)"
export NODE_MODULES=$root/build/tools/node_modules WORKER_COMMAND=${WORKER_COMMAND:?the path of filch-worker}
BARS=$root/docs/bars.md SCRATCH=$PWD node "$here/kubernetes/main.mjs" "$folder"
