#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/check.sh in a repository of its own, with a cmake, a ctest and a clang-format that note their arguments: which files and
# which tests it chooses.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"
command -v git >/dev/null || skip "git not found"
mkdir -p fake tree/tools tree/runtime/engine tree/runtime/service/brokers/redis tree/tests/unit/{engine,sync,pool} tree/tests/service/brokers/redis
cp "$here"/../../tools/{check,packages,ccache}.sh tree/tools
for name in cmake ctest clang-format-14; do
    printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n' $name "$scratch" >fake/$name
    chmod +x fake/$name
done
echo '[ "$1" != --version ] || echo version 14.0' >>fake/clang-format-14
cat >>fake/ctest <<'FAKE'
case $* in
*' -N '*) printf '  Test #1: %s\n' test_park test_steal test_redis test_mutex test_mutex_fair tool_sim tool_trace docs_jobs ;;
*-L\ lint*) [ ! -e ../finding ] || { echo "lint_prose failed"; exit 8; } ;;
esac
FAKE
chmod +x fake/*
cd tree || exit 1
git() { command git -c user.name=A -c user.email=a@example.org -c init.defaultBranch=main "$@"; }
touch runtime/engine/park.c runtime/service/brokers/redis/wire.c tests/unit/engine/test_{park,steal,long}.c
touch tests/unit/sync/test_mutex{,_fair}.c tests/unit/pool/test_job.c tests/service/brokers/redis/test_redis.c
echo build >.gitignore
git init -q . && git add -A && git commit -qm first && git checkout -qb work

# check ARGUMENT...: leaves status, the output in `both`, and the calls.
check() {
    status=0
    : >../calls
    PATH=$scratch/fake:$PATH ./tools/check.sh "$@" >../both 2>&1 || status=$?
}
called() { claim "$1: $(cat ../calls)" grep -qE -- "$2" ../calls; }

check
claim "without a change only the lints run: $(cat ../both)" test "$status-$(grep -cE 'clang-format-14 --dry|--target' ../calls)" = 0-0
called "the lints run" '^ctest .* -L lint$'
called "a first check configures the build" '^cmake --preset release '

echo change >runtime/engine/park.c
git commit -qam second
mkdir -p build/release include/filch
touch build/release/build.ninja include/filch/mutex.h
check
claim "a commit and a new file are changes: $(cat ../both)" test "$status" = 0
called "their layout is checked" '^clang-format-14 --dry-run -Werror include/filch/mutex.h runtime/engine/park.c$'
called "tests of the folder, and those with the header's name, are built" '--target test_mutex test_mutex_fair test_park test_steal$'
called "and run" '^ctest .* -R \^\(test_mutex\|test_mutex_fair\|test_park\|test_steal\)\$$'

git add -A && git commit -qm third
echo change >runtime/service/brokers/redis/wire.c
check HEAD
called "a revision is compared instead of main; a broker has a folder of tests" '--target test_redis$'
git add -A && git commit -qm fourth
mkdir -p tools/sim docs/service
touch tools/sim/speed.c docs/service/jobs.md
check HEAD
called "the programs are built for changed tools and pages" '--target tool example$'
called "and their tests run, no others" '^ctest .* -R \^\(docs_jobs\|tool_sim\)\$$'
touch ../finding
check HEAD
claim "a failed lint is a failure: $status" test "$status" = 1
claim "and its output is shown: $(cat ../both)" grep -q 'lint_prose failed' ../both
check nowhere
claim "an unknown revision is refused: $status $(cat ../both)" test "$status-$(grep -c "unknown revision 'nowhere'" ../both)" = 2-1
[ "$failures" -eq 0 ]
