/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The two deques with fences of their own. */
#include "races.h"
#include <sched/abp.h>
#include <sched/deque.h>

static union {
    fl_buffer head;
    char room[sizeof(fl_buffer) + 4 * sizeof(filch_ptr)];
} ring;
static fl_deque ready;
static fl_abp bounded;
static long items[4];

static long got(void *item)
{
    return item ? 10 + ((long *)item - items) : NOTHING;
}
/* A buffer that the interpreter has no memory for: no race fills the first one. */
void *malloc(size_t size)
{
    (void)size;
    return NULL;
}
void free(void *at)
{
    (void)at;
}

RACE void deque_pop_begin(void)
{
    ring.head.size = 4;
    filch_ptr_store(&ready.buffer, &ring, FILCH_RELAXED);
    fl_deque_push(&ready, &items[0]);
}
RACE long deque_pop_0(void)
{
    return got(fl_deque_pop(&ready));
}
RACE long deque_pop_1(void)
{
    void *item = NULL;
    fl_deque_steal(&ready, &item);
    return got(item);
}
RACE bool deque_pop_end(long owner, long thief)
{
    return each_once(1, owner, thief, 0);
}

/* The owner takes the second item without a CAS while a thief comes for both. */
RACE void deque_two_begin(void)
{
    deque_pop_begin();
    fl_deque_push(&ready, &items[1]);
}
RACE long deque_two_0(void)
{
    return got(fl_deque_pop(&ready));
}
RACE long deque_two_1(void)
{
    long first = deque_pop_1();
    return first ? first << 8 | deque_pop_1() : NOTHING;
}
RACE bool deque_two_end(long owner, long thief)
{
    if (owner == 11)
        return thief == 0 || thief == 10 << 8;
    return (owner == 10 && thief == 11 << 8) || (owner == 0 && thief == (10 << 8 | 11));
}

RACE void deque_push_begin(void)
{
    ring.head.size = 4;
    filch_ptr_store(&ready.buffer, &ring, FILCH_RELAXED);
}
RACE long deque_push_0(void)
{
    items[1] = 5;
    fl_deque_push(&ready, &items[1]);
    return NOTHING;
}
RACE long deque_push_1(void)
{
    void *item = NULL;
    fl_deque_steal(&ready, &item);
    return item ? *(long *)item : NOTHING;
}
RACE bool deque_push_end(long owner, long thief)
{
    return owner == 0 && (thief == 5 || (thief == 0 && got(fl_deque_pop(&ready)) == 11));
}

RACE void abp_pop_begin(void)
{
    fl_abp_push(&bounded, &items[0]);
}
RACE long abp_pop_0(void)
{
    long last = got(fl_abp_pop(&bounded));
    fl_abp_push(&bounded, &items[1]);
    return last;
}
RACE long abp_pop_1(void)
{
    return got(fl_abp_steal(&bounded));
}
RACE bool abp_pop_end(long owner, long thief)
{
    long rest = got(fl_abp_pop(&bounded));
    return each_once(2, owner, thief, rest);
}
