/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Joins against thieves that rob. */
#include "races.h"

RACE void join_rob_begin(void)
{
    begin(FL_SIDE_INLINE);
    forked(0, 0);
}
RACE long join_rob_0(void)
{
    return joined(0, 0);
}
RACE long join_rob_1(void)
{
    return robbed(false);
}
RACE bool join_rob_end(long owner, long thief)
{
    return each_once(1, owner, thief, 0);
}

/* The thief's request has come already: the join heeds it, and meets the thief at its CAS. */
RACE void join_asked_rob_begin(void)
{
    join_rob_begin();
    filch_u64_or(&region.stack.front.top, FL_TOP_ASKED, FILCH_ACQ_REL);
}
RACE long join_asked_rob_0(void)
{
    return joined(0, 0);
}
RACE long join_asked_rob_1(void)
{
    return robbed(false);
}
RACE bool join_asked_rob_end(long owner, long thief)
{
    return each_once(1, owner, thief, 0);
}

/* Both sides fence in each operation: a join of the second task sees a thief that has come so far, or
 * the thief sees the join. */
RACE void join_two_fenced_begin(void)
{
    begin(FL_SIDE_FENCED);
    forked(0, 0);
    forked(1, 0);
}
RACE long join_two_fenced_0(void)
{
    return joined(1, 0);
}
RACE long join_two_fenced_1(void)
{
    long first = robbed(true);
    return first ? first << 8 | robbed(true) : NOTHING;
}
RACE bool join_two_fenced_end(long owner, long thief)
{
    if (owner == 11)
        return thief == 0 || thief == 10 << 8;
    return owner == 0 && thief == (10 << 8 | 11);
}

RACE void two_rob_begin(void)
{
    begin(FL_SIDE_INLINE);
    forked(0, 0);
}
RACE long two_rob_0(void)
{
    return robbed(false);
}
RACE long two_rob_1(void)
{
    return robbed(false);
}
RACE bool two_rob_end(long one, long two)
{
    return each_once(1, one, two, 0);
}

/* A slot that is used again: its tag has changed. */
RACE void again_rob_begin(void)
{
    begin(FL_SIDE_INLINE);
    forked(0, 0);
}
RACE long again_rob_0(void)
{
    long first = joined(0, 0);
    if (first) /* else it would wait for the thief */
        forked(0, 1);
    return first;
}
RACE long again_rob_1(void)
{
    return robbed(false);
}
RACE bool again_rob_end(long first, long thief)
{
    return (first == 10 && (thief == 0 || thief == SECOND)) || (first == 0 && thief == 10);
}
