/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The shape of a model of the fork stack (tests/model/forkstack.c), and its parts. The rows are in
 * tests/model/forkstack_rows.c. */
#ifndef MODEL_FORKSTACK_H
#define MODEL_FORKSTACK_H

#include <sched/queue.h>
#include <stdbool.h>

/* The shape of a model. */
struct shape {
    const char *script;
    unsigned attempts; /* of each thief */
    unsigned most;     /* tasks in a gift */
    enum fl_forkside side;
    const fl_queue *queue; /* NULL: chase-lev, or on the side `outline` its control */
    bool robs;             /* thieves do not ask */
    bool hands_out;        /* the script has a W or a P */
    bool waits;            /* it has a W */
    bool fails;            /* tasks panic when thieves run them */
    bool helps;            /* a joiner looks where its task runs */
    bool crowded;          /* more workers than CPUs: a waiter suspends, and does not spin before */
    uint64_t tag;          /* of top, at first */
    bool at_end; /* a second unjoined fork is in excess; all older tasks have been stolen */
};

/* The parts of each row: before an execution, of each thread, and after it. */
void lay_out(struct shape chosen);
void body(unsigned thread);
void finish(void);

#endif
