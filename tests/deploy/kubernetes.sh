#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: kubernetes.sh FOLDER, which is tools/deploy or a copy of it
#
# The Kubernetes manifests: every overlay is rendered, and checked against published types and claims of ours
# (tests/deploy/kubernetes). Status 77: Node or the npm packages of tools/packages.sh are missing.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(cd "${1:?the folder to check}" && pwd)/kubernetes
. "$here/../support/claims.bash"
. "$here/kubernetes/check.bash"
check_kubernetes kustomize "$folder"
