#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# selftest.sh PROGRAM: the checker gets input that exceeds its limits and models that are wrong; it has to report them,
# by name and by exit status. Each line of the table: status, arguments, expected output.
set -u
unset FILCH_MODEL_SECONDS # searches are whole here
program=$1
failures=0
[ -x "$program" ] || { echo "no such program: $program"; exit 2; }

fail() {
    printf 'FAILED: %s\n' "$1"
    printf '%s\n' "$output" | cut -c1-200 | tail -20
    failures=$((failures + 1))
}

# run STATUS ARGUMENTS...: leaves what was printed in $output.
run() {
    local wanted=$1 status
    shift
    output=$(timeout 60 "$program" "$@" 2>&1)
    status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: status $status, not $wanted"
}

has() {
    grep -qE -- "$1" <<<"$output" || fail "not printed: $1"
}

has_not() {
    ! grep -qE -- "$1" <<<"$output" || fail "printed: $1"
}

table() {
    cat <<'END'
1|never_ends|BROKEN: too many steps: this never ends
1|waits_for_nobody|BROKEN: too many steps: this never ends
1|too_many_words|BROKEN: the checker's limit: too many atomic words
1|too_many_stores|BROKEN: the checker's limit: too many stores to one word
1|too_many_choices|BROKEN: the checker's limit: too many choices
1|too_many_plain_words|BROKEN: the checker's limit: too many plain words
1|too_much_memory|BROKEN: the checker's limit: too much memory
1|too_many_objects|BROKEN: the checker's limit: too much memory
1|too_many_outcomes|BROKEN: the checker's limit: too many outcomes
1|too_many_ignored|BROKEN: the checker's limit: too many ignored ranges
1|too_many_threads|BROKEN: the checker's limit: too many threads
1|torn|BROKEN: both came in
1|wrong_outcomes|BROKEN: outcomes are \{2\}, not \{1 2\}
0|reached_places|ok$
0|--reached reached_places|reached: right second
1|unreached_places|BROKEN: no execution reached 'left second'
0|unreached_places --random 3|ok$
1|demands_nothing|BROKEN: it demands nothing
1|too_many_places|BROKEN: the checker's limit: too many places reached
1|deadlock|BROKEN: nobody can go on, and somebody waits
1|sleeps_for_ever|BROKEN: nobody can go on, and somebody waits
1|race|BROKEN: data race: a write is not ordered before this access
1|read_race|BROKEN: data race: a (read )?(write )?is not ordered before this
1|used_after_free|BROKEN: use after free
1|freed_too_early|BROKEN: freed while somebody may still use it
1|freed_twice|BROKEN: freed twice
1|freed_elsewhere|BROKEN: freed, but never allocated
1|beyond_the_end|BROKEN: access beyond an object's end
1|two_sizes|BROKEN: an atomic word is used in two sizes
1|own_number|BROKEN: not alike: after the same reads, threads take different steps
1|own_ticket|BROKEN: not alike: after the same reads, threads take different steps
1|own_word_untold|BROKEN: not alike: after the same reads, threads take different steps
1|names_another|BROKEN: not alike: a thread names one of several alike threads by its number
1|joins_another|BROKEN: not alike: a thread joins one of several alike threads by its number
1|plain_too_early|BROKEN: data race: (an atomic|a plain)
2|no_such_model|no model is called no_such_model; --list names them
2|--no-such-option|usage:
2|torn --bound x|not a number, or out of range: x
2|torn --bound 4294967296|not a number, or out of range: 4294967296
2|torn --random 0|not a number, or out of range: 0
2|--replay 0|--replay is for one model
2|torn --random -1|not a number, or out of range: -1
2|torn --seconds x|not a number, or out of range: x
2|torn --replay ,|the replay does not fit
2|torn --replay (|the replay does not fit
2|torn --replay (1|the replay does not fit
2|torn --replay 9|the replay does not fit
2|too_many_choices --replay 00(40)|the replay does not fit
3|long --all --seconds 0.01|cut short
3|long --bound 9 --seconds 0.01|cut short
3|long --random 100000000 --seconds 0.01|cut short
0|torn --newest|newest values only
0|long --random 100|100 random, seed [0-9]+ .* ok$
END
}

check_table() {
    local status arguments text
    while IFS='|' read -r status arguments text; do
        # shellcheck disable=SC2086
        run "$status" $arguments
        has "$text"
        [ "$status" -eq 0 ] || has_not ' ok$'
    done < <(table)
}

# replay OPTIONS...: a failure's printed replay fails again, by the same claim.
check_replay() {
    local again claim
    run 1 torn "$@"
    claim=$(grep -o 'BROKEN: .*' <<<"$output")
    again=$(sed -n 's/^again: [^ ]* //p' <<<"$output")
    [ -n "$again" ] || fail "no replay after $*"
    # shellcheck disable=SC2086
    run 1 $again
    [ "$claim" = "$(grep -o 'BROKEN: .*' <<<"$output")" ] || fail "the replay fails otherwise: $*"
    has '  1 executions'
}

# Both threads have a column, and act in it.
check_trace() {
    run 1 torn
    has '^ +left +right +$'
    has '^selftest.c:[0-9]+ +x = 1 \(release\)$'
    has '^selftest.c:[0-9]+ {50,}y = 1 \(release\)$'
    run 1 --quiet torn
    has_not '^ +left +right +$'
}

check_table
check_replay --all
check_replay --bound 2
check_replay --random 1000 --seed 3
check_trace
run 1 --seconds 0.1
[ "$failures" -eq 0 ] && echo "the checker tells what is wrong"
exit "$((failures > 0))"
