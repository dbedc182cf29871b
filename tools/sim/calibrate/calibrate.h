/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Costs of this machine, for filch sim --calibrate (tools/sim/costs.h). Each round measures all
 * costs once, one after the other, so that a busy moment spoils one round of each and not all of
 * one. The median of the rounds counts.
 *
 *   inline.c   one worker: fork, join, switch
 *   line.c     two threads: a cache line that goes over, for each distance that the machine has
 *   steals.c   two workers: ask and reply, forced steal, wake-up */
#ifndef SIM_CALIBRATE_H
#define SIM_CALIBRATE_H

#include <tools/sim/costs.h>
#include <tools/sim/machine.h>

#include <stdbool.h>

enum { CALIBRATE_ROUNDS = 1000 /* at most */ };

/* Times in ns of one round; below 0: was not measured. */
typedef struct calibrate_round {
    double fork, join, to_fiber;
    double line[SIM_TIERS]; /* from one processor to another, one way */
    double gift;            /* from a fork to the start of the task, whose owner answers */
    double answer;          /* of the owner */
    double forced;          /* the same as gift, of an owner that is silent */
    double wake, woken;     /* of the waker; from a fork to the start, by a worker that slept */
} calibrate_round;

typedef struct calibration {
    calibrate_round round[CALIBRATE_ROUNDS];
    unsigned rounds;
    unsigned tier; /* of the two workers of steals.c */
} calibration;

/* Each measures its part of a round. 0, or -errno with filch_error(). */
int calibrate_inline(calibrate_round *r);
int calibrate_lines(calibrate_round *r);
int calibrate_steals(calibrate_round *r);

/* The distance of the first two workers of a runtime. false: there is one processor only. */
bool calibrate_tier(unsigned *tier);

/* ---- derive.c ---- */

enum { CALIBRATE_SOURCE = 80 };

/* The costs, and where each is from; a text of a cost that was not measured is empty. */
typedef struct calibrated {
    costs costs;
    char source[COSTS][CALIBRATE_SOURCE];
} calibrated;

void calibrate_derive(const calibration *from, calibrated *out);

/* ---- calibrate.c ---- */

/* Measures the costs in up to CALIBRATE_ROUNDS rounds. 0, or -errno after a message. A note on stderr
 * names the costs that cannot be measured here; they keep their built-in values. */
int calibrate(unsigned rounds, calibrated *out);

#endif
