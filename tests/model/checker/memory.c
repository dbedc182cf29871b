/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The values that the C11 memory model (as C++20 corrected it) lets a load return. This is the
 * operational form of Kang, Hur, Lahav, Vafeiadis, Dreyer (A promising semantics for relaxed-memory
 * concurrency, POPL 2017) without promises. Each location keeps all its stores; each thread has a
 * view of the oldest store that it may still read; a store carries a view that an acquiring reader
 * joins to its own. Not produced: outcomes that need a store before an earlier load of its thread
 * (load buffering), or a modification order other than the order of execution (2+2W). The litmus
 * suite holds the exact sets. */
#include <tests/model/checker/state.h>

#include <stdlib.h>
#include <string.h>

mc_state mc;
static mc_stored histories[MC_LOCATIONS][MC_STORES];

/* ---- Locations, found by their address ---- */

enum { TABLE = 1024, FORGOTTEN = -2 };
static struct {
    const void *address;
    uint64_t age;
    int location;
} table[TABLE];
static uint64_t age;

void mc_memory_reset(void)
{
    age++;
    mc.locations = 0;
    memset(&mc.seq_cst, 0, sizeof mc.seq_cst);
    memset(mc.thread, 0, sizeof mc.thread);
}

static uint64_t peek(const void *address, unsigned size)
{
    return size == 4 ? *(const uint32_t *)address : *(const uint64_t *)address;
}

static void poke(void *address, unsigned size, uint64_t value)
{
    if (size == 4)
        *(uint32_t *)address = (uint32_t)value;
    else
        *(uint64_t *)address = value;
}

static int location_create(const void *address, unsigned size)
{
    if (mc.locations == MC_LOCATIONS) {
        mc_fail("the checker's limit: too many atomic words (MC_LOCATIONS in state.h)");
        return -1;
    }
    mc_location *new = &mc.location[mc.locations];
    *new = (mc_location){.address = (void *)(uintptr_t)address,
                         .size = size,
                         .stores = 1,
                         .history = histories[mc.locations]};
    new->history[0].value = peek(address, size);
    memset(&new->history[0].carries, 0, sizeof(mc_view));
    return mc.locations++;
}

/* Where it is in the table, or may be put. */
static unsigned entry_of(const void *address)
{
    unsigned at = (unsigned)(((uintptr_t)address >> 2) * 0x9e3779b1u) >> 22;
    while (table[at].age == age && table[at].address != address)
        at = (at + 1) % TABLE;
    return at;
}

int mc_location_of(const void *address, unsigned size)
{
    mc_check_alive(address, size);
    unsigned at = entry_of(address);
    if (table[at].age == age && table[at].location != FORGOTTEN)
        return table[at].location;
    table[at].location = mc_is_ignored(address) ? -1 : location_create(address, size);
    table[at].address = address;
    table[at].age = age;
    return table[at].location;
}

int mc_location_known(const void *address)
{
    unsigned at = entry_of(address);
    return table[at].age == age && table[at].location >= 0 ? table[at].location : -1;
}

void mc_forget(const void *from, size_t size)
{
    for (int i = 0; i < mc.locations; i++) {
        const char *address = mc.location[i].address;
        unsigned at = entry_of(address);
        if (address >= (const char *)from && address < (const char *)from + size &&
            table[at].location == i)
            table[at].location = FORGOTTEN;
    }
}

uint64_t mc_newest(int location)
{
    const mc_location *of = &mc.location[location];
    return of->history[of->stores - 1].value;
}

/* ---- Views ---- */

static void join(mc_view *into, const mc_view *from)
{
    for (unsigned i = 0; i < MC_THREADS; i++)
        if (into->thread[i] < from->thread[i])
            into->thread[i] = from->thread[i];
    int locations = mc.locations;
    for (int i = 0; i < locations; i++)
        into->location[i] =
            into->location[i] > from->location[i] ? into->location[i] : from->location[i];
}

static void join_locations(mc_view *into, const mc_view *from)
{
    for (int i = 0; i < mc.locations; i++)
        if (into->location[i] < from->location[i])
            into->location[i] = from->location[i];
}

static bool acquires(mc_order order)
{
    return order == MC_ACQUIRE || order >= MC_ACQ_REL;
}

static bool releases(mc_order order)
{
    return order >= MC_RELEASE;
}

static void saw(mc_view *view, int location, unsigned store)
{
    if (view->location[location] < (mc_stamp)store)
        view->location[location] = (mc_stamp)store;
}

/* A seq_cst fence orders the views that it and every other one has had of the locations; it hands
 * over no plain data by itself. */
void mc_fence_by(unsigned thread)
{
    mc_thread *by = &mc.thread[thread];
    join(&by->now, &by->acquired);
    join_locations(&by->now, &mc.seq_cst);
    join_locations(&mc.seq_cst, &by->now);
    join(&by->acquired, &by->now);
    by->now.thread[thread]++;
    by->released = by->now;
}

void mc_take_over(const mc_view *from)
{
    join(&mc.thread[mc.self].now, from);
    join(&mc.thread[mc.self].acquired, from);
}

void mc_hand_over(mc_view *to)
{
    mc.thread[mc.self].now.thread[mc.self]++;
    *to = mc.thread[mc.self].now;
}

/* ---- Operations ---- */

static unsigned oldest_readable(const mc_thread *by, int location, mc_order order)
{
    mc_stamp oldest = by->now.location[location];
    if (order == MC_SEQ_CST && mc.seq_cst.location[location] > oldest)
        oldest = mc.seq_cst.location[location];
    return (unsigned)oldest;
}

static uint64_t read_store(int location, unsigned store, mc_order order)
{
    mc_thread *by = &mc.thread[mc.self];
    const mc_stored *from = &mc.location[location].history[store];
    saw(&by->now, location, store);
    saw(&by->acquired, location, store);
    mc.location[location].used[mc.self] = by->now.thread[mc.self] + 1;
    join(&by->acquired, &from->carries);
    if (acquires(order))
        join(&by->now, &from->carries);
    return from->value;
}

/* after: the store that an RMW read, whose release sequence goes on; or NULL. */
static void append(int location, uint64_t value, mc_order order, const mc_view *after)
{
    mc_thread *by = &mc.thread[mc.self];
    mc_location *to = &mc.location[location];
    if (to->stores == MC_STORES) {
        mc_fail("the checker's limit: too many stores to one word (MC_STORES in state.h); does a "
                "loop never end?");
        return;
    }
    if (releases(order))
        by->now.thread[mc.self]++;
    unsigned store = to->stores++;
    to->used[mc.self] =
        by->now.thread[mc.self] + !releases(order); /* a thread that acquires it comes after */
    saw(&by->now, location, store);
    saw(&by->acquired, location, store);
    mc_stored *new = &to->history[store];
    new->value = value;
    new->carries = releases(order) ? by->now : by->released;
    new->carries.location[location] = (mc_stamp)store;
    if (after)
        join(&new->carries, after);
    if (order == MC_SEQ_CST)
        mc.seq_cst.location[location] = (mc_stamp)store;
    poke(to->address, to->size, value);
    mc.changes++;
}

uint64_t mc_read_newest(int location)
{
    return read_store(location, mc.location[location].stores - 1, MC_RELAXED);
}

uint64_t mc_load(const void *address, unsigned size, mc_order order, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : -1;
    if (location < 0)
        return peek(address, size);
    mc_step_before((mc_step){MC_LOAD, location, 0, order == MC_SEQ_CST, where});
    mc_thread *by = &mc.thread[mc.self];
    unsigned newest = mc.location[location].stores - 1;
    unsigned oldest = oldest_readable(by, location, order);
    unsigned back = by->fresh || mc.newest ? 0 : mc_choose(newest - oldest + 1);
    by->fresh = false;
    uint64_t value = read_store(location, newest - back, order);
    if (mc.tracing)
        mc_trace(mc.self, where, "%s -> %s%s (%s)", mc_name_of(address), mc_value(address, value),
                 back ? ", old" : "", mc_order_name(order));
    return value;
}

void mc_store(void *address, unsigned size, uint64_t value, mc_order order, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : -1;
    if (location < 0) {
        poke(address, size, value);
        return;
    }
    mc_step_before((mc_step){MC_STORE, location, 0, order == MC_SEQ_CST, where});
    append(location, value, order, NULL);
    if (mc.tracing)
        mc_trace(mc.self, where, "%s = %s (%s)", mc_name_of(address), mc_value(address, value),
                 mc_order_name(order));
}

static uint64_t changed(enum mc_change change, uint64_t old, uint64_t operand)
{
    switch (change) {
    case MC_ADD:
        return old + operand;
    case MC_OR:
        return old | operand;
    case MC_AND:
        return old & operand;
    default:
        return operand;
    }
}

/* An RMW reads the newest store. */
static void read_and_append(int location, uint64_t value, mc_order order)
{
    unsigned newest = mc.location[location].stores - 1;
    read_store(location, newest, order);
    append(location, value, order, &mc.location[location].history[newest].carries);
}

static uint64_t narrow(uint64_t value, unsigned size)
{
    return size == 4 ? (uint32_t)value : value;
}

uint64_t mc_change(void *address, unsigned size, enum mc_change change, uint64_t operand,
                   mc_order order, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : -1;
    if (location < 0) {
        uint64_t old = peek(address, size);
        poke(address, size, changed(change, old, operand));
        return old;
    }
    mc_step_before((mc_step){MC_RMW, location, 0, order == MC_SEQ_CST, where});
    uint64_t old = mc_newest(location);
    uint64_t value = narrow(changed(change, old, operand), size);
    read_and_append(location, value, order);
    if (mc.tracing)
        mc_trace(mc.self, where, "%s: %s -> %s (%s)", mc_name_of(address), mc_value(address, old),
                 mc_value(address, value), mc_order_name(order));
    return old;
}

/* A CAS that fails may have read any store that differs from the expected value. */
static unsigned store_for_cas(int location, uint64_t expected)
{
    const mc_location *of = &mc.location[location];
    unsigned newest = of->stores - 1, ways = 0, candidate[MC_STORES];
    unsigned oldest =
        mc.newest ? newest : oldest_readable(&mc.thread[mc.self], location, MC_RELAXED);
    for (unsigned i = newest + 1; i-- > oldest;)
        if (i == newest || of->history[i].value != expected)
            candidate[ways++] = i;
    return candidate[mc_choose(ways)];
}

bool mc_cas(void *address, unsigned size, uint64_t *expected, uint64_t value, mc_order order,
            const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : -1;
    if (location < 0) {
        uint64_t old = peek(address, size);
        bool done = old == *expected;
        if (done)
            poke(address, size, value);
        *expected = old;
        return done;
    }
    mc_step_before((mc_step){MC_RMW, location, 0, order == MC_SEQ_CST, where});
    unsigned store = store_for_cas(location, *expected);
    uint64_t old = mc.location[location].history[store].value, wanted = *expected;
    bool done = store == mc.location[location].stores - 1 && old == wanted;
    if (done)
        read_and_append(location, value, order);
    else
        *expected = read_store(location, store, MC_RELAXED);
    if (mc.tracing)
        mc_trace(mc.self, where,
                 done ? "%s: %s -> %s (CAS, %s)" : "%s is %s, not %s: CAS fails%.0s",
                 mc_name_of(address), mc_value(address, old),
                 mc_value(address, done ? value : wanted), mc_order_name(order));
    return done;
}

/* A lock is a word that is 0 when it is free: taking it is an RMW that is enabled only then. */
void mc_lock(void *lock, const char *where)
{
    int location = mc.running ? mc_location_of(lock, 4) : -1;
    if (location < 0)
        return;
    mc_step_before((mc_step){MC_LOCK, location, 0, false, where});
    read_and_append(location, 1, MC_ACQUIRE);
    if (mc.tracing)
        mc_trace(mc.self, where, "locks %s", mc_name_of(lock));
}

void mc_unlock(void *lock, const char *where)
{
    mc_store(lock, 4, 0, MC_RELEASE, where);
}

uint64_t mc_await(const void *address, unsigned size, uint64_t unwanted, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : -1;
    if (location < 0)
        return peek(address, size);
    mc_step_before((mc_step){MC_AWAIT, location, unwanted, false, where});
    uint64_t value = read_store(location, mc.location[location].stores - 1, MC_ACQUIRE);
    if (mc.tracing)
        mc_trace(mc.self, where, "has waited: %s -> %s", mc_name_of(address),
                 mc_value(address, value));
    return value;
}

void mc_fence(const char *where)
{
    if (!mc.running)
        return;
    mc_step_before((mc_step){MC_FENCE, -1, 0, true, where});
    mc_fence_by(mc.self);
    if (mc.tracing)
        mc_trace(mc.self, where, "fence, seq_cst");
}

void mc_membarrier(const char *where)
{
    mc_fence(where);
    for (unsigned other = 0; mc.running && other < mc.threads; other++) {
        if (other == mc.self)
            continue;
        mc_step_before((mc_step){MC_BARRIER, -1, other, true, where});
        mc_fence_by(other);
        if (mc.tracing)
            mc_trace(mc.self, where, "membarrier reaches %s", mc.model->threads[other]);
    }
    mc_fence(where);
}
