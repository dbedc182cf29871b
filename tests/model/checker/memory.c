/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Atomic words, and the operations on them. The memory model is RC11 (psc.c names the paper), with
 * C++20's release sequences. A load may read any store that coherence and psc allow; a store may
 * take any place in modification order, but between an RMW and its source. */
#include <tests/model/checker/state.h>

#include <string.h>

/* ---- Locations, found by their address ---- */

enum { TABLE = 1024, FORGOTTEN = -2, STALE = 3 };
static struct {
    const void *address;
    uint64_t age;
    int location;
} table[TABLE];
static uint64_t age;

void mc_memory_reset(void)
{
    age++;
    mc_graph_reset();
    mc_psc_reset();
}

static uint64_t peek(const void *address, unsigned size)
{
    return size == 4 ? *(const uint32_t *)address : size ? *(const uint64_t *)address : 0;
}

static void poke(void *address, unsigned size, uint64_t value)
{
    if (size == 4)
        *(uint32_t *)address = (uint32_t)value;
    else
        *(uint64_t *)address = value;
}

/* Where it is in the table, or may be put. */
static unsigned entry_of(const void *address)
{
    unsigned at = (unsigned)(((uintptr_t)address >> 2) * 0x9e3779b1u) >> 22;
    at = (at + 5 * ((uintptr_t)address & 1)) % TABLE;
    while (table[at].age == age && table[at].address != address)
        at = (at + 1) % TABLE;
    return at;
}

int mc_location_known(const void *address)
{
    unsigned at = entry_of(address);
    return table[at].age == age && table[at].location >= 0 ? table[at].location : MC_NONE;
}

/* Half of a word, or a word whose half is one. */
static bool has_another_size(const char *address, unsigned size)
{
    int below = mc_location_known(address - 4), above = mc_location_known(address + 4);
    return (below >= 0 && mc.location[below].size == 8) ||
           (size == 8 && above >= 0 && mc.location[above].size);
}

static int location_create(const void *address, unsigned size)
{
    if (mc.locations == MC_LOCATIONS) {
        mc_fail("the checker's limit: too many atomic words (MC_LOCATIONS in state.h)");
        return MC_NONE;
    }
    if (size && has_another_size(address, size))
        mc_fail("an atomic word is used in two sizes");
    mc_location *new = &mc.location[mc.locations];
    new->address = (void *)(uintptr_t)address;
    new->size = size;
    for (unsigned i = 0; i < MC_THREADS; i++)
        new->last[i] = MC_NONE;
    new->class = mc_class_of_address(address);
    mc_add_first(mc.locations, peek(address, size));
    mc_mark_atomic(address, size);
    return mc.locations++;
}

static int find_or_create(const void *address, unsigned size)
{
    unsigned at = entry_of(address);
    if (table[at].age == age && table[at].location != FORGOTTEN)
        return table[at].location;
    int location = mc_is_ignored(address) ? MC_NONE : location_create(address, size);
    table[at].location = location;
    table[at].address = address;
    table[at].age = age;
    return location;
}

/* A plain store of which the compiler told nothing, such as memset's. */
static bool is_overwritten(const mc_location *of)
{
    return of->size && peek(of->address, of->size) != mc.event[of->order[of->stores - 1]].value;
}

int mc_location_of(const void *address, unsigned size)
{
    mc_check_alive(address, size);
    int location = find_or_create(address, size);
    if (location >= 0 && is_overwritten(&mc.location[location])) {
        mc_forget(address, size);
        location = find_or_create(address, size);
    }
    if (location >= 0 && mc.location[location].size != size)
        mc_fail("an atomic word is used in two sizes");
    if (location >= 0 && mc.location[location].last[mc.self] == MC_NONE)
        mc_check_written(address);
    return location;
}

/* Its sleepers are at an address where no word can be. */
int mc_sleepers_of(const void *address)
{
    return find_or_create((const char *)address + 1, 0);
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

/* ---- Choices ---- */

/* The effect of the step if it finds this value. */
static enum { READS, WRITES, CANNOT } effect(const mc_step *step, uint64_t value)
{
    switch (step->kind) {
    case MC_RMW:
        return WRITES;
    case MC_CAS:
        return value == step->operand ? WRITES : READS;
    case MC_LOCK:
        return value ? CANNOT : WRITES;
    case MC_AWAIT:
        return value == step->operand ? CANNOT : READS;
    case MC_WAKE:
        return value ? WRITES : READS;
    case MC_SLEEP:
        return value & step->operand ? CANNOT : READS;
    case MC_NAP:
        return value & step->operand ? WRITES : READS;
    default:
        return READS;
    }
}

/* An RMW has this store already. It may be that it took it too early. */
static bool is_taken(unsigned thread, const mc_event *store)
{
    if (store->taken < 0)
        return false;
    const mc_event *by = &mc.event[store->taken];
    if (mc.thread[thread].past.of[by->column] < by->index)
        mc_came_later(by->choice);
    return true;
}

int mc_candidates(unsigned thread, const mc_step *step, int candidate[MC_CANDIDATES])
{
    const mc_location *of = &mc.location[step->location];
    int count = 0, newest = of->stores - 1;
    int floor = mc.newest ? newest : mc_floor(&mc.thread[thread].now, step->location);
    for (int i = newest; i >= floor && count < MC_CANDIDATES; i--) {
        const mc_event *store = &mc.event[of->order[i]];
        int does = effect(step, store->value);
        if (does == READS || (does == WRITES && !is_taken(thread, store)))
            candidate[count++] = of->order[i];
    }
    return count;
}

struct asked {
    const mc_step *step;
    const int *candidate;
    int floor;
};

static bool may_read(unsigned way, const void *of)
{
    const struct asked *asked = of;
    const mc_thread *by = &mc.thread[mc.self];
    const mc_step *step = asked->step;
    int store = asked->candidate[way];
    bool writes = effect(step, mc.event[store].value) == WRITES;
    mc_order order = step->kind == MC_CAS && !writes ? MC_RELAXED : step->order;
    if (way && mc_stale_reads(step->location, store, step->where) > STALE)
        return false;
    return !(by->later && store < by->since) && mc_psc_allows_read(step->location, store, order);
}

int mc_choose_store(mc_step step)
{
    int candidate[MC_CANDIDATES];
    struct asked asked = {&step, candidate, 0};
    mc_thread *by = &mc.thread[mc.self];
    for (;;) {
        mc_step_before(step);
        int ways = mc_candidates(mc.self, &step, candidate);
        int way = ways ? mc_choose_way((unsigned)ways, may_read, &asked) : MC_NONE;
        if (way >= 0) {
            by->later = false;
            by->choice = mc_last_choice();
            return candidate[way];
        }
        if (ways) {
            by->later = true;
            by->since = mc.events;
            by->waits = true;
            mc_symmetry_look();
        }
        mc_wait();
    }
}

static bool may_store(unsigned way, const void *of)
{
    const struct asked *asked = of;
    const mc_location *to = &mc.location[asked->step->location];
    int rank = to->stores - (int)way;
    return rank == to->stores ||
           (mc.event[to->order[rank - 1]].taken != to->order[rank] &&
            mc_psc_allows_store(asked->step->location, rank, asked->step->order));
}

/* The newest place first. */
static int choose_place(mc_step step)
{
    struct asked asked = {.step = &step};
    mc_step_before(step);
    int stores = mc.location[step.location].stores;
    int floor = mc.newest ? stores - 1 : mc_floor(&mc.thread[mc.self].now, step.location);
    int ways = stores - floor < MC_CANDIDATES ? stores - floor : MC_CANDIDATES;
    return stores - (ways > 1 ? mc_choose_way((unsigned)ways, may_store, &asked) : 0);
}

/* ---- Operations ---- */

uint64_t mc_load(const void *address, unsigned size, mc_order order, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : MC_NONE;
    if (location < 0)
        return peek(address, size);
    int source = mc_choose_store((mc_step){MC_LOAD, location, 0, order, where});
    mc_add_read(location, source, order);
    uint64_t value = mc.event[source].value;
    if (mc.tracing)
        mc_trace(mc.self, where, "%s -> %s%s (%s)", mc_name_of(address), mc_value(address, value),
                 mc.event[source].rank < mc.location[location].stores - 1 ? ", old" : "",
                 mc_order_name(order));
    return value;
}

void mc_store(void *address, unsigned size, uint64_t value, mc_order order, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : MC_NONE;
    if (location < 0) {
        poke(address, size, value);
        return;
    }
    int rank = choose_place((mc_step){MC_STORE, location, 0, order, where});
    mc_add_store(location, rank, value, order);
    if (mc.tracing)
        mc_trace(mc.self, where, "%s = %s%s (%s)", mc_name_of(address), mc_value(address, value),
                 rank < mc.location[location].stores - 1 ? ", replaced already" : "",
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

static uint64_t narrow(uint64_t value, unsigned size)
{
    return size == 4 ? (uint32_t)value : value;
}

uint64_t mc_change(void *address, unsigned size, enum mc_change change, uint64_t operand,
                   mc_order order, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : MC_NONE;
    if (location < 0) {
        uint64_t old = peek(address, size);
        poke(address, size, changed(change, old, operand));
        return old;
    }
    int source = mc_choose_store((mc_step){MC_RMW, location, 0, order, where});
    uint64_t old = mc.event[source].value, value = narrow(changed(change, old, operand), size);
    mc_add_rmw(location, source, value, order);
    if (mc.tracing)
        mc_trace(mc.self, where, "%s: %s -> %s (%s)", mc_name_of(address), mc_value(address, old),
                 mc_value(address, value), mc_order_name(order));
    return old;
}

bool mc_cas(void *address, unsigned size, uint64_t *expected, uint64_t value, mc_order order,
            const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : MC_NONE;
    if (location < 0) {
        uint64_t old = peek(address, size);
        bool done = old == *expected;
        if (done)
            poke(address, size, value);
        *expected = old;
        return done;
    }
    int source = mc_choose_store((mc_step){MC_CAS, location, *expected, order, where});
    uint64_t old = mc.event[source].value, wanted = *expected;
    bool done = old == wanted;
    *expected = old;
    if (done)
        mc_add_rmw(location, source, value, order);
    else
        mc_add_read(location, source, MC_RELAXED);
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
    int location = mc.running ? mc_location_of(lock, 4) : MC_NONE;
    if (location < 0)
        return;
    int source = mc_choose_store((mc_step){MC_LOCK, location, 0, MC_ACQUIRE, where});
    mc_add_rmw(location, source, 1, MC_ACQUIRE);
    if (mc.tracing)
        mc_trace(mc.self, where, "locks %s", mc_name_of(lock));
}

void mc_unlock(void *lock, const char *where)
{
    mc_store(lock, 4, 0, MC_RELEASE, where);
}

uint64_t mc_await(const void *address, unsigned size, uint64_t unwanted, const char *where)
{
    int location = mc.running ? mc_location_of(address, size) : MC_NONE;
    if (location < 0)
        return peek(address, size);
    int source = mc_choose_store((mc_step){MC_AWAIT, location, unwanted, MC_ACQUIRE, where});
    mc_add_read(location, source, MC_ACQUIRE);
    uint64_t value = mc.event[source].value;
    if (mc.tracing)
        mc_trace(mc.self, where, "has waited: %s -> %s", mc_name_of(address),
                 mc_value(address, value));
    return value;
}
