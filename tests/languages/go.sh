#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The example in Go is built by the command in its first lines, without modules of others, and its output is right.
. "$FILCH_SOURCE/tests/consumer/scratch.sh"
command -v go >/dev/null || { echo "go not found (Debian: golang-go)"; exit 77; }
install_library
cp "$FILCH_SOURCE"/docs/examples/go/* .
export GOPROXY=off GOFLAGS=-mod=mod GOCACHE=$scratch/cache GODEBUG=cgocheck=1
[ -z "$(gofmt -l .)" ] || { gofmt -d . && exit 1; }
go vet .
go build
for round in 1 2 3; do
    ./filch_example >output
    diff output - <<'END' || { echo "round $round"; exit 1; }
values[99999] = 199998
fib(25) = 75025
jobs = 1000
END
done
