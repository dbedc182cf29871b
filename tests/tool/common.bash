# SPDX-License-Identifier: MIT OR Apache-2.0
# Shared by the tests of the command: checks that name the failure.
set -u
unset COLUMNS # tables are as wide as they like
filch=${FILCH_COMMAND:?the path of the filch command}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../support/claims.bash"

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

# ends_quietly STATUS PROGRAM ARGUMENT...: with that status and no message, if the reader of its output has left.
ends_quietly() {
    local expected=$1 status=0
    shift
    rm -f pipe
    mkfifo pipe
    exec 9<>pipe 8>pipe 9>&-
    (trap '' PIPE && exec "$@") >&8 2>err || status=$?
    exec 8>&-
    claim "$* without a reader ends with $expected, not $status, and no message: $(cat err)" test "$status,$(wc -c <err)" = "$expected,0"
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}
