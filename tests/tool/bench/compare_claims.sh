#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tools/compare.sh counts what filch compare says of runs, and judges 19 of 20. The command is played by a script.
. "$(dirname "$0")/../common.bash"
claims=$here/../../tools/compare.sh

# played EQUAL SLOW STATUS: compare's output for equal and for slower runs, and its exit status.
played() {
    cat >filch <<END
#!/bin/sh
case "\$*" in
bench*) for word; do [ "\$last" != --output ] || echo "\$*" >"\$word"; last=\$word; done ;;
*/same) echo '"fib","fib(30)","quick","chase-lev","",1,$1,0' ;;
*/slow) echo '"fib","fib(30)","quick","chase-lev","",1,$2,0'; grep -q -- '--slow-down 5' "\$(echo "\$*" | sed 's/.* //')" && exit $3 ;;
esac
END
    chmod +x filch
}
run_claims() { # STATUS ARGUMENT...
    local expected=$1 status=0
    shift
    FILCH_COMMAND=$scratch/filch "$claims" "$@" >out 2>err || status=$?
    claim "compare.sh $* ends with $expected, not $status: $(tail -n 2 out err)" test "$status" -eq "$expected"
}

run_claims 2
claim "a missing program is reported" grep -q 'build it first' err
played 'no change' slower 1
run_claims 0 3
claim "three rounds, all right" grep -q '^round 3: equal runs silent 3 of 3, 5 % found 3 of 3$' out
run_claims 2 0
run_claims 2 4x
played slower slower 1
run_claims 1 2 --relative
claim "equal runs that are not silent are counted" grep -q 'silent 0 of 2, 5 % found 2 of 2' out
played 'no change' 'no change' 0
run_claims 1 2
claim "slower ones that are not found are counted" grep -q 'silent 2 of 2, 5 % found 0 of 2' out
played 'no change' slower 2
run_claims 2 2
finish
