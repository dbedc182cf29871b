/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From the times of the rounds to costs. A measured time may hold several costs: a gift is a look,
 * an ask, an answer, a reply and a start. So the parts that were measured alone are taken off. */
#include "calibrate.h"

#include <stddef.h>
#include <string.h>
#include <tools/shared/statistics.h>

typedef struct spread {
    double median, least, most; /* ns; median below 0: was not measured */
} spread;

/* Of the rounds, the time at that place of calibrate_round. */
static spread spread_of(const calibration *from, size_t place)
{
    double at[CALIBRATE_ROUNDS];
    unsigned count = 0;
    for (unsigned i = 0; i < from->rounds; i++) {
        double ns = *(const double *)((const char *)&from->round[i] + place);
        if (ns >= 0)
            at[count++] = ns;
    }
    if (!count)
        return (spread){-1, -1, -1};
    put_in_order(at, count);
    return (spread){median_of(at, count), at[0], at[count - 1]};
}

static void set(calibrated *out, enum cost row, double ns, spread from, const char *note)
{
    if (from.median < 0)
        return;
    out->costs.of[row] = (picoseconds)((ns > 0 ? ns : 0) * PICOSECONDS + 0.5);
    snprintf(out->source[row], CALIBRATE_SOURCE, "measured%s: %.4g, %.4g..%.4g ns", note,
             from.median, from.least, from.most);
}

/* The distance whose factor is 1, or the nearest one that was measured. SIM_TIERS: none was. */
static unsigned base_tier(const spread *line)
{
    static const unsigned order[SIM_TIERS] = {1, 2, 3, 0};
    for (unsigned i = 0; i < SIM_TIERS; i++)
        if (line[order[i]].median >= 0)
            return order[i];
    return SIM_TIERS;
}

static void derive_lines(calibrated *out, const spread *line)
{
    static const enum cost rows[] = {COST_LOOK, COST_LOOK_READY, COST_ASK, COST_REPLY};
    unsigned tier = base_tier(line);
    if (tier == SIM_TIERS)
        return;
    double factor = (double)out->costs.of[COST_TIER_CORE + tier] / PICOSECONDS;
    double one = line[tier].median / factor;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        set(out, rows[i], one > 1 ? one : 1, line[tier], ", a cache line");
    for (unsigned i = 0; i < SIM_TIERS; i++)
        if (i != tier)
            set(out, COST_TIER_CORE + i, line[i].median / one, line[i], ", a cache line");
}

static double ns_of(const calibrated *c, enum cost row, unsigned tier, bool across)
{
    double factor = across ? (double)c->costs.of[COST_TIER_CORE + tier] / PICOSECONDS : 1;
    return (double)c->costs.of[row] / PICOSECONDS * factor;
}

static void derive_steals(const calibration *from, calibrated *out)
{
    unsigned tier = from->tier;
    spread gift = spread_of(from, offsetof(calibrate_round, gift));
    spread answer = spread_of(from, offsetof(calibrate_round, answer));
    spread forced = spread_of(from, offsetof(calibrate_round, forced));
    spread wake = spread_of(from, offsetof(calibrate_round, wake));
    spread woken = spread_of(from, offsetof(calibrate_round, woken));
    set(out, COST_ANSWER, answer.median, answer, ", the longest fork and join");
    double seen = ns_of(out, COST_LOOK, tier, true) + ns_of(out, COST_ASK, tier, true);
    double given = seen + ns_of(out, COST_ANSWER, tier, false) + ns_of(out, COST_REPLY, tier, true);
    set(out, COST_START, gift.median - given, gift, ", a gift");
    double waited = seen + ns_of(out, TIME_PATIENCE, tier, false);
    set(out, COST_ROB, forced.median - waited - ns_of(out, COST_START, tier, false), forced,
        ", a forced steal");
    set(out, COST_WAKE, wake.median, wake, ", the fork that wakes");
    set(out, COST_WAKE_UP, woken.median - (gift.median > 0 ? gift.median : 0), woken,
        ", a gift to a sleeper");
}

void calibrate_derive(const calibration *from, calibrated *out)
{
    spread line[SIM_TIERS];
    memset(out, 0, sizeof *out);
    costs_default(&out->costs);
    spread fork = spread_of(from, offsetof(calibrate_round, fork));
    spread join = spread_of(from, offsetof(calibrate_round, join));
    spread to_fiber = spread_of(from, offsetof(calibrate_round, to_fiber));
    set(out, COST_FORK, fork.median, fork, "");
    set(out, COST_JOIN, join.median, join, ", less a call");
    set(out, COST_SWITCH, to_fiber.median, to_fiber, "");
    for (unsigned i = 0; i < SIM_TIERS; i++)
        line[i] = spread_of(from, offsetof(calibrate_round, line) + i * sizeof(double));
    derive_lines(out, line);
    derive_steals(from, out);
}
