#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The checks of the exercises find what students get wrong: each row makes a mistake in a solution, and its check must say the
# sentence beside it. Needs the environment that consumer/common.sh wants.
. "$(dirname "$0")/../consumer/common.sh"

# exercise | sed script, which makes the mistake | what the check says, as a pattern
mistakes='
01 | s/width = 3/width = 2/ | there should be three jobs in progress at a time
01 | s/width = 3/width = 2000000/ | visit_all has returned -22 (Invalid argument): width of pool .*: 2000000 (0[.][.]1000000
01 | s/width = 3/width = 12/ | [0-9]* houses were in progress at a time; it should be at most 3
01 | s/house < count \&\& !rc/house < count - 1 \&\& !rc/ | 12 houses should be done; 11 were begun
01 | s/house < count \&\&/house <= count \&\&/ | there is no house 12
01 | s/return rc ? rc : ended/return ended ? ended : -1/ | visit_all has returned -1
02 | s/\&requests\[i\]);/\&requests[0]);/ | squares\[1\] is 0; it should be
02 | s/width = 5/width = 4/ | there should be five jobs in progress at a time
03 | s/, .full = FILCH_FULL_REJECT// | you wait for room in the pool
03 | s/capacity = 4/capacity = 20/ | 2[0-9] requests were accepted, none of which is done yet; there is room for 6
03 | s/turn_away(request);// | [0-9]* requests were accepted, none of which is done yet
03 | s/FULL_REJECT/FULL_DROP_NEWEST/ | 30 requests were accepted
04 | s/ + JOBS_EACH - 1// | jobs wait: the pool should be 4 wide, and is 3
04 | s/WIDEST = 8/WIDEST = 80/ | the pool should be 8 wide, and is 2[0-9]
04 | s/width != stats.width/width > stats.width/ | 0 jobs wait: the pool should be 1 wide, and is 8
04 | s/!filch_context_cause(stop)/1/ | its context is done, but monitor does not return
05 | s/FILCH_PRIORITY}/FILCH_LIFO}/ | call .* was answered before call
05 | s/= calls\[i\].urgency/= 7 - calls[i].urgency/ | call .* was answered before call
05 | s/width = 1/width = 2/ | calls were in progress at a time; it should be at most 1
05 | s/all_have_called();// | the calls wait for you to say that all have called
06 | s/width = 4/width = 3/ | there should be four jobs in progress at a time
06 | s/i < submitted;/i < submitted - 1;/ | was noted 0 times, not once
06 | s/for (int i = 0; i < submitted.*/filch_pool_destroy(pool); pool = NULL; &/ | or sends what nobody receives
06 | s/note(one.sensor, one.value)/note(one.sensor, 7)/ | 7 was noted, but not measured
07 | s/    filch_mutex_.*// | two failures are noted at the same time
07 | s/return parse(\(.*\));/parse(\1); return 0;/ | page 3 failed, but was noted 0 times
07 | s/outcome == FILCH_SUCCEEDED/outcome != FILCH_FAILED/ | page 5 panicked, but was noted 0 times
07 | s/why->message/""/ | is noted without a message
07 | s/int waited = .*/int waited = 0;/ | succeeded, [0-9]* failed, [0-9]* panicked; the summary says
08 | s/, .timeout = timeout// | its context has no deadline
08 | s/filch_job_context(job)/NULL/ | is fetched without a context
08 | s/outcome == FILCH_TIMED_OUT/0/ | page 2 is too slow, and was given up 0 times
08 | s/outcome == FILCH_TIMED_OUT/1/ | page 0 is quick, but was given up
09 | s/rate = RATE/rate = 100 * RATE/ | comes [0-9]* us too early
09 | s/burst = BURST/burst = 100/ | comes [0-9]* us too early
10 | s/.name = "packing", // | no pool of the name "packing" is shown
10 | s/, .timed = true// | filch_pool_run_seconds_count{pool="packing"} .* is not published
10 | s/(uint64_t)items)/1)/ | shop_items_total (all items of all orders) is [0-9]*; it should be
10 | s/return items;/return 0;/ | orders that could not be packed) is 0; it should be
10 | s/int waited = .*/int waited = 0;/ | it is published when [0-9]* of 25 orders are done
11 | s/capacity = 4/capacity = 0/ | items have been taken and not yet stored; there is room for 20
11 | s/width = 1/width = 3/ | [23] items were stored at the same time
11 | s/width = 3/width = 2/ | three items should be refined at a time
11 | s/int refined = /filch_pool_close(storing); &/ | was refined 1 times and stored 0 times
12 | s/width = 4}/width = 4, .context = stop}/ | was in progress when the stop came, and was cancelled
12 | s/filch_pool_shutdown(pool, .*/filch_pool_wait(pool, filch_in(patience));/ | when your patience is over, cancel it
12 | s/filch_pool_shutdown(pool, .*/(filch_pool_shutdown_now(pool), (void)patience, 0);/ | was in progress when the stop came, and was cancelled
12 | s/!filch_context_cause(stop)/1/ | request 21 was taken after the stop
12 | s/rc = rc ? rc : in_time;/(void)in_time;/ | one request had to be cancelled; serve_until has returned 0
'

failed=0 made=0
complain() {
    echo "exercise $exercise with $script: $1"
    failed=$((failed + 1))
}

while IFS='|' read -r exercise script sentence; do
    exercise=${exercise% } script=${script% } sentence=${sentence# }
    made=$((made + 1))
    folder=$(echo "$FILCH_SOURCE"/docs/guide/exercises/"$exercise"-*)
    sed "$script" "$folder/solution.c" >wrong.c
    if cmp -s wrong.c "$folder/solution.c"; then
        complain "changes nothing"
        continue
    fi
    # shellcheck disable=SC2046
    [ -e "check$exercise.o" ] || $CC -c "$folder/check.c" $(pkg-config --cflags filch) -o "check$exercise.o"
    # shellcheck disable=SC2046
    $CC -w -I "$folder" wrong.c "check$exercise.o" $(pkg-config --cflags --libs filch) -o wrong
    for attempt in 1 2 3; do # a fault that only timing shows may pass once, on a stalled machine
        status=0
        printed=$(FILCH_WORKERS=2 ./wrong 2>/dev/null) || status=$?
        [ $status = 0 ] || break
    done
    if [ $status != 1 ] || ! grep -q "^not yet: .*$sentence" <<<"$printed"; then
        complain "status $status, attempt $attempt, said: $printed"
    fi
done < <(grep . <<<"$mistakes")
echo "$made mistakes made, $failed not told"
[ $made -gt 0 ] && [ $failed -eq 0 ]
