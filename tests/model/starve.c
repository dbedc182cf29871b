/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Workers without a fiber and those that have one to give. Real: runtime/engine/starvation. Played
 * here: fibers, which are a number. One that is made ready is published before a fence
 * (PublisherFence); one that is put back, under a lock. No sleep ends by itself. Claim: nobody
 * sleeps forever, and each fiber is taken once. */
#include <runtime/engine/starvation.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>

#include <pthread.h>
#include <string.h>

static fl_starve starve;
static filch_u32 ready;
static pthread_mutex_t lock;
static unsigned idle; /* under the lock */
static unsigned givers, taken;
static bool puts_back;

static bool take_ready(void)
{
    uint32_t count = filch_u32_load(&ready, FILCH_ACQUIRE);
    while (count)
        if (filch_u32_cas(&ready, &count, count - 1, FILCH_ACQ_REL))
            return true;
    return false;
}

static bool take_idle(void)
{
    mc_lock(&lock, MC_HERE);
    bool got = idle > 0;
    idle -= got;
    mc_unlock(&lock, MC_HERE);
    return got;
}

MC_UNCHECKED static void note_taken(void)
{
    taken++;
}

static void take(void)
{
    const char *how = "a fiber at once";
    fl_starve_begin(&starve);
    for (;;) {
        uint32_t seen = fl_starve_look(&starve);
        if (puts_back ? take_idle() : take_ready())
            break;
        fl_starve_sleep(&starve, seen, 0);
        how = "a fiber after a sleep";
    }
    fl_starve_end(&starve);
    reaches_note(how);
    note_taken();
}

static void give(void)
{
    if (puts_back) {
        mc_lock(&lock, MC_HERE);
        idle++;
        mc_unlock(&lock, MC_HERE);
    } else {
        filch_u32_add(&ready, 1, FILCH_RELEASE);
        filch_fence_seq_cst();
    }
    fl_relieve(&starve);
}

static void body(unsigned thread)
{
    if (thread < givers)
        give();
    else
        take();
}

static void lay_out(unsigned giving, bool by_lock)
{
    givers = giving;
    puts_back = by_lock;
    idle = taken = 0;
    reaches_setup();
    memset(&starve, 0, sizeof starve);
    memset(&ready, 0, sizeof ready);
    memset(&lock, 0, sizeof lock);
    mc_name(&starve.starving, "starving");
    mc_name(&starve.relief, "relief");
    mc_ignore(&starve.asleep, sizeof starve.asleep);
    mc_name(&ready, "ready");
    mc_name(&lock, "lock");
}

static void setup_ready(void)
{
    lay_out(1, false);
}

static void setup_put_back(void)
{
    lay_out(1, true);
}

static void setup_two_ready(void)
{
    lay_out(2, false);
}

static void finish(void)
{
    reaches_tell();
    MC_CLAIM(taken == givers, "a fiber is not taken once");
}

#define SLEEPS .reaches = {"a fiber at once", "a fiber after a sleep"}
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, SLEEPS,                \
                     .threads = {                                                                  \
                         __VA_ARGS__ }                                                             \
    }

const mc_model mc_models[] = {ROW(ready, "a fiber becomes ready", "giver", "worker"),
                              ROW(put_back, "a fiber is put back", "giver", "worker"),
                              ROW(two_ready, "two fibers, two workers", "giver", "giver 2",
                                  "worker", "worker 2"),
                              {.name = NULL}};
