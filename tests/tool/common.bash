# SPDX-License-Identifier: MIT OR Apache-2.0
# What the tests of the command share: a scratch folder, and checks that name what failed.
set -u
filch=${FILCH_COMMAND:?the path of the filch command}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'chmod -R u+rwx "$scratch"; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0

# claim TEXT COMMAND...: the command must succeed.
claim() {
    local text=$1
    shift
    if ! "$@"; then
        echo "FAILED: $text"
        failures=$((failures + 1))
    fi
}

# run_filch STATUS ARGUMENT...: must end with that status; leaves its output in out and err.
run_filch() {
    local expected=$1 status=0
    shift
    "$filch" "$@" >out 2>err || status=$?
    claim "filch $* ends with $expected, not $status: $(head -c 400 err)" test "$status" -eq "$expected"
}

# refused WORDS ARGUMENT...: a wrong command line, whose message has these words.
refused() {
    local word words=$1
    shift
    run_filch 2 "$@"
    claim "filch $*: stdout is empty" test ! -s out
    for word in $words; do
        claim "filch $*: the message names $word: $(cat err)" grep -q -- "$word" err
    done
}

skip() {
    echo "skipped: $1"
    exit 77
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}
