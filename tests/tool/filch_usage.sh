#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Wrong command lines are refused with status 2, nothing on stdout, and a sentence that lists what is known.
. "$(dirname "$0")/common.bash"

refused "bench compare"
refused "bench compare nonsense" nonsense
refused "nonsense fib nqueens skynet uts-t1 uts-t3 cilksort matmul" bench --kernels nonsense
refused "nonsense chase-lev central-mutex handpool tbb openmp gcc-parallel" bench --columns nonsense
refused "nonsense chase-lev central-mutex handpool tbb openmp gcc-parallel" bench --columns chase-lev,nonsense
refused "for chase-lev" bench --kernels fib,for --columns handpool
refused "nonsense random" bench --policy nonsense
refused "nonsense sleep yield spin" bench --idle nonsense
refused "nonsense adaptive one half" bench --take nonsense
refused "nonsense suspend help-any help-own" bench --wait nonsense
refused "take=half queue=central-mutex" bench --columns central-mutex --take half
refused "nonsense tiny quick full" bench --size nonsense
refused "nonsense table csv markdown" bench --format nonsense
refused "json own --json" bench --format json
refused "--export --format" bench --export csv
refused "unknown option --jsn (nearest: --json)" bench --jsn
refused "number 1024" bench --workers 0
refused "number 1024" bench --workers 1,1000000
refused "number" bench --workers two
refused "number" bench --repeat -1
refused "number 200" bench --repeat 0
refused "number 1000" bench --slow-down 0
for list in '' ',' 'fib,' ',fib' 'fib,,nqueens'; do
    refused "--kernels empty" bench --kernels "$list"
done
refused "--workers value is empty comma" bench --workers ""
refused "too many 'extra' (usage: ...])" bench extra
refused "unknown subcommand '-' (valid:" -
refused "(write -f FORMAT)" trace -f
refused "--wait empty" bench --columns chase-lev --wait suspend,,help-any

# Duplicates; a column that is there anyway; more columns than there is room for; choices of no column.
while read -r option name list; do
    refused "$option $name twice" bench "$option" "$list"
done <<END
--kernels fib fib,nqueens,fib
--kernels fib fib,all
--columns chase-lev chase-lev,chase-lev
--columns handpool handpool,chase-lev,handpool
--policy random random,random
--idle spin spin,sleep,spin
--take one one,one
--wait suspend suspend,suspend
END
refused "--columns serial always" bench --columns chase-lev,serial
refused "columns serial 15" bench --columns chase-lev,the --idle sleep,yield,spin --policy random,nearest,richest
refused "workers 16" bench --workers "$(seq -s , 17)"
for choice in policy=random idle=spin take=one wait=suspend; do
    refused "--${choice%=*} chase-lev" bench --columns handpool "--$choice"
done

# Errors in the environment are reported as such; other columns would not help.
for wrong in FILCH_IDLE=nope FILCH_POLICY=nope FILCH_WORKERS=zz HWLOC_SYNTHETIC=nonsense; do
    status=0
    env "$wrong" "$filch" bench --columns chase-lev >out 2>err || status=$?
    claim "$wrong is named, with status 2: $status" test "$status" -eq 2 -a "$(grep -c "${wrong%=*}.*${wrong#*=}" err)" -eq 1
    claim "$wrong has nothing to do with columns: $(cat err)" test "$(grep -c 'for this command only' err)" -eq 0
done

run_filch 0 bench --kernels fib --columns chase-lev --size tiny --repeat 1 --workers 1 --format csv --output -
claim "- is standard output" grep -q '^"\?fib' out
claim "and no file" test ! -e ./-
refused "report file" bench --report -
refused "nonsense" bench nonsense
refused "unknown subcommand 'tracce' (nearest: trace; valid:" tracce
run_filch 2 nothing-alike
claim "a name that is like none has no hint: $(cat err)" test "$(grep -c 'nearest' err)" -eq 0
refused "option --json must follow the subcommand (write SUBCOMMAND --json" --json bench
refused "unknown option --verison (nearest: --version)" --verison
refused "unknown --kernels 'fob' (nearest: fib; valid:" bench --kernels fob
refused "unknown --columns 'chas-lev' (nearest: chase-lev;" bench --columns chas-lev
refused "unknown --policy 'randm' (nearest: random;" bench --policy randm
refused "unknown --load 'oi' (nearest: io; valid: cpu," tune --load oi
refused "unknown part 'wdth' (nearest: width;" tune wdth
refused "unknown --by 'second' (nearest: seconds;" compare --by second old new

# Each command that prints, to a full disk: status 2, one message; to a pipe without a reader: no message.
while read -r arguments; do
    status=0
    # shellcheck disable=SC2086
    "$filch" $arguments >/dev/full 2>err || status=$?
    claim "filch $arguments to a full disk ends with 2 and one line: $status, $(cat err)" test "$status,$(wc -l <err)" = 2,1
    # shellcheck disable=SC2086
    ends_quietly 2 "$filch" $arguments
done <<END
--help
--version
help
help bench
bench --help
bench --version
sim --calibrate=1
compare --help
explore --help
play --help
sim --help
sim --list
sim --show-costs
sim tree:depth=3
top --help
trace --help
tune --help
END
refused "option" bench --nonsense

run_filch 0 --help
names=$(sed -n 's/^  filch \([a-z]*\) .*/\1/p' out | tr '\n' ' ')
claim "the help names the subcommands: $names" test "$names" = "bench compare explore openmp play sim top trace tune "
run_filch 0 help
for name in bench compare play tune; do
    run_filch 0 "$name" --help
    mv out help
    claim "the help of $name names the exit status" grep -q '^Exit status: 0 ' help
    claim "lines of the help of $name fit 80 columns: $(awk 'length > 79' help)" test "$(awk 'length > 79' help | wc -l)" -eq 0
    for ask in "$name -h" "help $name"; do
        # shellcheck disable=SC2086
        run_filch 0 $ask
        claim "filch $ask is the same" cmp -s out help
    done
    run_filch 0 "$name" --version
    claim "$name has the version, too" grep -Eq '^filch [0-9.]+$' out
done
refused "bench compare" help nonsense
run_filch 0 --version
claim "the version is a number" grep -Eq '^filch [0-9]+\.[0-9]+\.[0-9]+$' out
run_filch 0 bench --help
for word in --kernels --workers --columns --policy --idle --take --wait --repeat --size --format --json --dir cilksort Examples; do
    claim "the help of bench names $word" grep -q -- "$word" out
done
finish
