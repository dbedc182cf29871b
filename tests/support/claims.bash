# SPDX-License-Identifier: MIT OR Apache-2.0
# For tests in bash: a scratch folder, in which they run, and checks that count failures.
[[ ${TMPDIR-} != *[[:space:]]* ]] || unset TMPDIR # the first line of a script has no room for blanks
scratch=$(mktemp -d)
export CCACHE_BASEDIR=$scratch # paths of compiled files differ with each run
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

# does TEXT COMMAND...: the command must succeed; its output is left in the file out, and shown if it fails.
does() {
    "${@:2}" >out 2>&1 || claim "$1: $(tail -n 40 out)" false
}

# skip REASON: ends the test.
skip() {
    echo "skipped: $1"
    exit 77
}
