/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/abp.h>
#include <sched/start.h>

static uint32_t top_of(uint64_t age)
{
    return (uint32_t)age;
}

/* The first place, and the next tag. The tag may wrap: no look lasts while the deque runs empty
 * 2^32 times. */
static uint64_t first_place(uint64_t age)
{
    return ((age >> 32) + 1) << 32;
}

void fl_abp_init(fl_abp *deque)
{
    filch_u64_store(&deque->age, FL_START(32) << 32, FILCH_RELAXED); /* not yet shared */
}

bool fl_abp_push(fl_abp *deque, void *item)
{
    uint64_t bottom = filch_u64_load(&deque->bottom, FILCH_RELAXED); /* owner's own */
    if (bottom == FL_ABP_ROOM)
        return false;
    filch_ptr_store(&deque->items[bottom], item, FILCH_RELAXED); /* published by PushBottom */
    filch_u64_store(&deque->bottom, bottom + 1, FILCH_RELEASE);  /* PushBottom */
    return true;
}

void *fl_abp_pop(fl_abp *deque)
{
    uint64_t bottom = filch_u64_load(&deque->bottom, FILCH_RELAXED); /* owner's own */
    if (!bottom)
        return NULL;
    filch_u64_store(&deque->bottom, --bottom, FILCH_RELEASE);          /* PopBottom */
    filch_fence_seq_cst();                                             /* PopBottom */
    void *item = filch_ptr_load(&deque->items[bottom], FILCH_RELAXED); /* owner's own */
    uint64_t age = filch_u64_load(&deque->age, FILCH_RELAXED);         /* PopBottom */
    if (bottom > top_of(age))
        return item;
    uint64_t empty = first_place(age);
    bool last = bottom == top_of(age);
    filch_u64_store(&deque->bottom, 0, FILCH_RELEASE);                  /* PopBottom */
    if (last && filch_u64_cas(&deque->age, &age, empty, FILCH_SEQ_CST)) /* ClaimAge: the last one */
        return item;
    filch_u64_store(&deque->age, empty, FILCH_RELEASE); /* ResetAge */
    return NULL;
}

void *fl_abp_newest(fl_abp *deque)
{
    uint64_t bottom = filch_u64_load(&deque->bottom, FILCH_RELAXED); /* both: owner's own */
    return bottom ? filch_ptr_load(&deque->items[bottom - 1], FILCH_RELAXED) : NULL;
}

void *fl_abp_steal(fl_abp *deque)
{
    uint64_t age = filch_u64_load(&deque->age, FILCH_ACQUIRE);       /* ReadAge */
    filch_fence_seq_cst();                                           /* ReadAge */
    uint64_t bottom = filch_u64_load(&deque->bottom, FILCH_ACQUIRE); /* ReadAge */
    if (bottom <= top_of(age))
        return NULL;
    void *item = filch_ptr_load(&deque->items[top_of(age)], FILCH_RELAXED); /* the CAS decides */
    return filch_u64_cas(&deque->age, &age, age + 1, FILCH_SEQ_CST) ? item : NULL; /* ClaimAge */
}

unsigned fl_abp_size(const fl_abp *deque)
{
    uint32_t top = top_of(filch_u64_load(&deque->age, FILCH_RELAXED)); /* both: a look */
    uint64_t bottom = filch_u64_load(&deque->bottom, FILCH_RELAXED);
    return bottom > top ? (unsigned)(bottom - top) : 0;
}
