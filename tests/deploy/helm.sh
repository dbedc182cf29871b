#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Usage: helm.sh FOLDER, which is tools/deploy or a copy of it
#
# The Helm chart: rendered by helm/render.go with its own values and those of helm/*.yaml, and checked as the kustomize
# overlays are. Status 77: Go, sprig, Node or npm packages are missing.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deploy=$(cd "${1:?the folder to check}" && pwd)
folder=$deploy/kubernetes
. "$here/../support/claims.bash"
. "$here/kubernetes/check.bash"
export GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS=-buildvcs=false
command -v go >/dev/null || skip "go is missing (Debian: golang-go)"
[ -d $GOPATH/src/github.com/Masterminds/sprig ] || skip "sprig is missing (Debian: golang-github-masterminds-sprig-dev)"
tools=$(cd "$here/../.." && pwd)/build/tools render=$tools/render_chart
mkdir -p "$tools"
if [ ! "$render" -nt "$here/helm/render.go" ]; then
    GOCACHE=$tools/go go build -o "$PWD/render_chart" "$here/helm/render.go" && mv render_chart "$render" || exit 1
fi

"$render" "$deploy/helm" >standard.yaml || exit 1
for values in "$here"/helm/*.yaml; do
    "$render" "$deploy/helm" "$values" >"${values##*/}" || exit 1
done
# refused VALUES TEXT: the chart does not render with these values, and the message has this text.
refused() {
    echo "$1" >wrong
    claim "the chart is refused with $1" eval '! "$render" "$deploy/helm" wrong >/dev/null 2>err'
    claim "the message has '$2': $(cat err)" grep -qF -- "$2" err
}
refused 'scaling: {mode: both}' "unknown scaling.mode 'both' (valid: fixed, hpa, keda)"
refused 'broker: {secret: ""}' 'broker.secret or broker.url has to be given'
check_kubernetes rendered ./*.yaml && [ "$failures" -eq 0 ]
