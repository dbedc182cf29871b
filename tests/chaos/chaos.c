/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * When a thread is late, and for how long. FILCH_CHAOS is how many calls of filch_chaos() a thread
 * makes on average from one pause to the next (0: never a pause). FILCH_SEED, else the clock,
 * decides what each thread draws; how threads meet is for the machine to decide, so a run can be
 * repeated in its kind only. */
#include <filch/atomic.h>

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS_PER_PAUSE = 1000, PAUSES_PER_PACE = 16 };

static uint64_t calls_per_pause = CALLS_PER_PAUSE, seed;

struct lateness {
    uint64_t random; /* 0: not yet drawn */
    uint64_t calls;  /* until the next pause */
    uint64_t mean;   /* calls from pause to pause, at the present pace */
    unsigned pauses; /* until the next change of pace */
};
static __thread struct lateness mine;

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

__attribute__((constructor)) static void read_environment(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    calls_per_pause = number("FILCH_CHAOS", CALLS_PER_PAUSE);
    seed = number("FILCH_SEED", 0);
    if (!seed)
        seed = (uint64_t)now.tv_nsec;
}

static uint64_t draw(void) /* xorshift */
{
    mine.random ^= mine.random << 13;
    mine.random ^= mine.random >> 7;
    mine.random ^= mine.random << 17;
    return mine.random;
}

/* Threads differ: each, in turn, is quick for a while and then slow. Two that dawdled alike would
 * seldom pass each other within a window of two instructions. */
static void change_pace(void)
{
    static uint64_t threads;
    if (!mine.random)
        mine.random = (seed + __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED)) *
                          UINT64_C(0x9e3779b97f4a7c15) |
                      1;
    mine.mean = (calls_per_pause << draw() % 7) / 8;
    mine.pauses = 1 + (unsigned)(draw() % (2 * PAUSES_PER_PACE));
}

static void spin(uint64_t pauses)
{
    while (pauses--)
        filch_pause();
}

/* Each kind of pause as often as the others: within a cache miss, within a request's patience,
 * until others have run, and beyond all that spins. */
static void pause_somehow(void)
{
    switch (draw() % 4) {
    case 0:
        spin(draw() % 16);
        break;
    case 1:
        spin(draw() % 512);
        break;
    case 2:
        sched_yield();
        break;
    default:
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = (long)(draw() % 20000)},
                        NULL);
    }
}

void filch_chaos(void)
{
    if (mine.calls) {
        mine.calls--;
        return;
    }
    if (!calls_per_pause)
        return;
    if (!mine.pauses)
        change_pace();
    else
        pause_somehow();
    mine.pauses--;
    mine.calls = draw() % (2 * mine.mean + 1);
}
