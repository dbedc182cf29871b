/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The events of an execution. They are executed in an order that agrees with sb and rf, so no event
 * is added before one that it depends on. A store takes a place in the modification order that may
 * lie before stores which were executed earlier.
 *
 * Happens-before is kept as clocks. A store carries the clock that an acquiring reader gets; an RMW
 * adds that of the store it reads, so a release sequence goes on with it. */
#include <tests/model/checker/state.h>

#include <string.h>

mc_state mc;

void mc_graph_reset(void)
{
    mc.events = 0;
    mc.locations = 0;
    memset(mc.thread, 0, sizeof mc.thread);
}

void mc_join_clock(mc_clock *into, const mc_clock *from)
{
    for (unsigned i = 0; i < MC_COLUMNS; i++)
        into->of[i] = into->of[i] > from->of[i] ? into->of[i] : from->of[i];
}

bool mc_knows(const mc_clock *by, int event)
{
    return by->of[mc.event[event].column] >= mc.event[event].index;
}

static bool acquires(mc_order order)
{
    return order == MC_ACQUIRE || order >= MC_ACQ_REL;
}

static bool releases(mc_order order)
{
    return order >= MC_RELEASE;
}

int mc_seen(const mc_event *access)
{
    return access->writes ? (int)(access - mc.event) : access->source;
}

int mc_floor(const mc_clock *now, int location)
{
    const mc_location *of = &mc.location[location];
    int floor = 0;
    for (unsigned i = 0; i < mc.threads; i++) {
        int at = of->last[i];
        while (at >= 0 && mc.event[at].index > now->of[i])
            at = mc.event[at].before;
        if (at >= 0) {
            int rank = mc.event[mc_seen(&mc.event[at])].rank;
            floor = rank > floor ? rank : floor;
        }
    }
    return floor;
}

/* ---- New events ---- */

static mc_event *event_create(void)
{
    if (mc.events == MC_EVENTS) {
        mc_fail("the checker's limit: too many events (MC_EVENTS in state.h)");
        mc.events--;
    }
    mc_event *new = &mc.event[mc.events++];
    new->source = new->taken = new->choice = new->location = new->before = MC_NONE;
    new->reads = new->writes = new->seq_cst = false;
    new->stale = 0;
    new->where = NULL;
    return new;
}

int mc_add_event(const mc_event *event)
{
    mc_event *new = event_create();
    *new = *event;
    return (int)(new - mc.event);
}

void mc_add_first(int location, uint64_t value)
{
    static const mc_clock nothing;
    mc_event *new = event_create();
    new->known = new->past = new->carries = nothing;
    new->column = MC_THREADS;
    new->index = 0;
    new->location = location;
    new->value = value;
    new->rank = 0;
    new->writes = true;
    mc.location[location].order[0] = mc.location[location].written = (int)(new - mc.event);
    mc.location[location].stores = 1;
}

/* The running thread's next access. Its clocks have learned from it already. */
static int access_create(int location, mc_order order)
{
    mc_thread *by = &mc.thread[mc.self];
    mc_location *to = &mc.location[location];
    mc_event *new = event_create();
    int number = (int)(new - mc.event);
    new->index = ++by->now.of[mc.self];
    by->past.of[mc.self] = new->index;
    new->known = by->now;
    new->past = by->past;
    new->column = mc.self;
    new->location = location;
    new->seq_cst = order == MC_SEQ_CST;
    new->before = to->last[mc.self];
    to->last[mc.self] = number;
    mc.of_thread[mc.self][new->index] = number;
    if (new->seq_cst)
        mc_psc_access(number);
    return number;
}

static void learn_from(int source, mc_order order)
{
    mc_thread *by = &mc.thread[mc.self];
    const mc_event *from = &mc.event[source];
    mc_join_clock(&by->acquired, &from->carries);
    if (acquires(order))
        mc_join_clock(&by->now, &from->carries);
    mc_join_clock(&by->past, &from->past);
}

/* A read that did not have to be before this store could read it. */
static void tell_earlier_reads(const mc_location *of)
{
    const mc_clock *past = &mc.thread[mc.self].past;
    for (unsigned i = 0; i < mc.threads; i++) {
        if (i == mc.self)
            continue;
        for (int at = of->last[i]; at >= 0 && mc.event[at].index > past->of[i];
             at = mc.event[at].before)
            if (mc.event[at].reads)
                mc_came_later(mc.event[at].choice);
    }
}

static void put_in_order(mc_location *to, int store, int rank)
{
    if (to->stores == MC_STORES) {
        mc_fail("the checker's limit: too many stores to one word (MC_STORES in state.h); does a "
                "loop never end?");
        return;
    }
    for (int i = to->stores++; i > rank; i--) {
        to->order[i] = to->order[i - 1];
        mc.event[to->order[i]].rank = i;
    }
    mc.thread[mc.self].last_store = ++mc.stores;
    to->order[rank] = store;
    to->written = store;
    mc.event[store].rank = rank;
    if (rank < to->stores - 1)
        return;
    if (to->size == 4)
        *(uint32_t *)to->address = (uint32_t)mc.event[store].value;
    else if (to->size == 8)
        *(uint64_t *)to->address = mc.event[store].value;
}

static void make_store(int event, int rank, uint64_t value, mc_order order)
{
    const mc_thread *by = &mc.thread[mc.self];
    mc_event *new = &mc.event[event];
    mc_location *to = &mc.location[new->location];
    static const mc_clock nothing;
    new->writes = true;
    new->value = value;
    new->carries = !to->size         ? nothing /* the kernel hands over no plain data */
                   : releases(order) ? by->now
                                     : by->released;
    put_in_order(to, event, rank);
    tell_earlier_reads(to);
}

unsigned mc_stale_reads(int location, int source, const char *where)
{
    const mc_location *of = &mc.location[location];
    int last = of->last[mc.self];
    if (mc.event[source].rank == of->stores - 1)
        return 0;
    while (last >= 0 && mc.event[last].where != where)
        last = mc.event[last].before;
    return 1 + (last >= 0 && mc.event[last].source == source ? mc.event[last].stale : 0);
}

int mc_add_read(int location, int source, mc_order order)
{
    const char *where = mc.thread[mc.self].next.where;
    unsigned stale = mc_stale_reads(location, source, where);
    learn_from(source, order);
    int event = access_create(location, order);
    mc.event[event].reads = true;
    mc.event[event].source = source;
    mc.event[event].choice = mc.thread[mc.self].choice;
    mc.event[event].stale = stale;
    mc.event[event].where = where;
    mc_role_read(location, source);
    mc_symmetry_look();
    return event;
}

int mc_add_store(int location, int rank, uint64_t value, mc_order order)
{
    int event = access_create(location, order);
    make_store(event, rank, value, order);
    mc_role_write(location, value);
    mc_symmetry_look();
    return event;
}

int mc_add_rmw(int location, int source, uint64_t value, mc_order order)
{
    int event = mc_add_read(location, source, order);
    make_store(event, mc.event[source].rank + 1, value, order);
    mc_join_clock(&mc.event[event].carries, &mc.event[source].carries);
    mc.event[source].taken = event;
    mc_role_write(location, value);
    return event;
}
