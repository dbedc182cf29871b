/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From outside: the round trip of FILCH_RUN and the wake of an idle runtime by filch_go. Floor:
 * a bare futex hand-off to the same CPU (argument 0) and to another (1). */
#include "micro.h"

enum { SAME_CPU, OTHER_CPU, PLACES };

FILCH_TASK(int, cpu_of_task)
{
    return sched_getcpu();
}

static void round_trip(shim_state *state)
{
    filch_runtime *rt = micro_workers(state, (unsigned)shim_range(state));
    if (!rt)
        return;
    long same = 0;
    while (shim_keep_running(state))
        same += FILCH_RUN(rt, cpu_of_task) == sched_getcpu();
    shim_counter(state, "on_same_cpu", (double)same / (double)shim_iterations(state));
    filch_runtime_destroy(rt);
}

static void futex_round_trip(shim_state *state)
{
    cpu_set_t before;
    handoff *h = micro_partner(state, (int)shim_range(state), &before);
    if (!h)
        return;
    while (shim_keep_running(state)) {
        handoff_post(h);
        handoff_wait(h);
    }
    micro_partner_end(h, &before);
}

typedef struct woken {
    double at;
    filch_u32 done; /* K1: at is written */
} woken;

static void note(filch_self self, void *arg)
{
    woken *w = arg;
    w->at = measure_now();
    filch_u32_store(&w->done, 1, FILCH_RELEASE); /* K1 */
}

/* The pause before each is what makes the runtime idle; it is not part of the time. */
static void wake(shim_state *state)
{
    filch_runtime *rt = micro_workers(state, 2);
    if (!rt)
        return;
    while (shim_keep_running(state)) {
        woken w = {.at = 0};
        measure_sleep(1e-3);
        double from = measure_now();
        if (filch_go(rt, note, &w)) {
            shim_fail(state, filch_error());
            break;
        }
        while (!filch_u32_load(&w.done, FILCH_ACQUIRE)) /* K1 */
            sched_yield();
        shim_set_seconds(state, w.at - from);
    }
    filch_runtime_destroy(rt);
}

static void futex_wake(shim_state *state)
{
    cpu_set_t before;
    handoff *h = micro_partner(state, (int)shim_range(state), &before);
    if (!h)
        return;
    while (shim_keep_running(state)) {
        measure_sleep(1e-3);
        double from = measure_now();
        handoff_post(h);
        handoff_wait(h);
        shim_set_seconds(state, handoff_started(h) - from);
    }
    micro_partner_end(h, &before);
}

void register_outside(void)
{
    shim_benchmark *trip = shim_register("round trip/filch/workers", round_trip);
    shim_benchmark *futex_trip = shim_register("round trip/floor/futex", futex_round_trip);
    shim_benchmark *waken = shim_register("wake/filch", wake);
    shim_benchmark *futex_waken = shim_register("wake/floor/futex", futex_wake);
    for (int i = 0; i < PLACES; i++) {
        shim_argument(trip, i + 1);
        shim_argument(futex_trip, i);
        shim_argument(futex_waken, i);
    }
    shim_use_real_time(trip);
    shim_use_real_time(futex_trip);
    shim_use_manual_time(waken);
    shim_use_manual_time(futex_waken);
}
