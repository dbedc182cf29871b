/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The axiom of seq_cst: psc, a relation between seq_cst accesses and fences, has no cycle (Lahav,
 * Vafeiadis, Kang, Hur, Dreyer: Repairing sequential consistency in C/C++11, PLDI 2017, section 4).
 *
 * A new event has no edge to an older one but by mo and rb, that is where it reads an old store or
 * takes a place before others in modification order. So only there a cycle can close. A search from
 * that event's successors then looks for its predecessors. It goes by fences: all that happens after
 * a fence which was reached may take the next edge. So it walks each thread once at most, and keeps
 * for each location the lowest access that it came by. A seq_cst access takes such edges itself. */
#include <tests/model/checker/state.h>

#include <limits.h>
#include <string.h>

enum { CALLS = 256 };
static int fences[MC_COLUMNS][MC_EVENTS], accesses[MC_THREADS][MC_EVENTS];
static int fence_count[MC_COLUMNS], access_count[MC_THREADS];
static struct call {
    int first, reached, last;
} call[CALLS];
static int calls;

/* The search. */
static struct {
    mc_clock known;
    int location, code;
    bool enters; /* looks for ways to the new event itself, not only to fences before it */
} probe;
static bool cycle;
static unsigned number, visited[MC_EVENTS];
static int work[MC_EVENTS], works;
static int after[MC_THREADS]; /* this event and all later ones happen after a fence reached */
static int low[MC_LOCATIONS]; /* the lowest access that happens after a fence reached */

void mc_psc_reset(void)
{
    memset(fence_count, 0, sizeof fence_count);
    memset(access_count, 0, sizeof access_count);
    calls = 0;
}

void mc_psc_fence(int fence)
{
    unsigned column = mc.event[fence].column;
    fences[column][fence_count[column]++] = fence;
}

void mc_psc_access(int access)
{
    unsigned column = mc.event[access].column;
    accesses[column][access_count[column]++] = access;
}

void mc_psc_call(int first, int reached)
{
    if (calls == CALLS)
        mc_fail("the checker's limit: too many fences by membarrier (CALLS in psc.c)");
    else
        call[calls++] = (struct call){first, reached, MC_NONE};
}

void mc_psc_return(int first, int last)
{
    for (int i = 0; i < calls; i++)
        if (call[i].first == first)
            call[i].last = last;
}

/* ---- Places in modification order: a store, then its reads, then the next store ---- */

static int low_code(const mc_event *access)
{
    return access->reads ? 2 * mc.event[access->source].rank + 1 : 2 * access->rank;
}

static int high_code(const mc_event *access)
{
    return access->writes ? 2 * access->rank : 2 * mc.event[access->source].rank + 1;
}

/* ---- Edges by happens-before ---- */

/* Fences of membarrier between the same two barriers of a thread have no order. */
static bool fence_before_fence(int a, int b)
{
    const mc_event *x = &mc.event[a], *y = &mc.event[b];
    if (x->column == y->column && x->column >= MC_REACHED)
        return x->segment < y->segment;
    return a != b && mc_knows(&y->known, a);
}

/* Of the thread's events from `at` on in this direction, the first at another location. */
static int other_location(unsigned thread, int at, int step, int location)
{
    int count = mc.thread[thread].now.of[thread];
    for (; at > 0 && at <= count; at += step)
        if (mc.event[mc.of_thread[thread][at]].location != location)
            return mc.of_thread[thread][at];
    return MC_NONE;
}

/* Does the access happen before one of this thread with this index, by sb; hb; sb over others? */
static bool around(int access, unsigned thread, int index, int location)
{
    const mc_event *x = &mc.event[access];
    int leaves = other_location(x->column, x->index + 1, 1, x->location);
    int enters = other_location(thread, index - 1, -1, location);
    return leaves >= 0 && enters >= 0 && mc_knows(&mc.event[enters].known, leaves);
}

static bool access_before_access(int a, int b)
{
    const mc_event *x = &mc.event[a], *y = &mc.event[b];
    if (x->column == y->column)
        return x->index < y->index;
    return (x->location == y->location && mc_knows(&y->known, a)) ||
           around(a, y->column, y->index, y->location);
}

/* ---- The search ---- */

/* A seq_cst access to the new event's location is none of its predecessors, or there would have been
 * a cycle before. */
static void reach(int event)
{
    if (visited[event] == number)
        return;
    visited[event] = number;
    const mc_event *new = &mc.event[event];
    if (new->location < 0)
        cycle |= mc_knows(&probe.known, event);
    else if (probe.enters)
        cycle |= new->column == mc.self ||
                 around(event, mc.self, mc.thread[mc.self].now.of[mc.self] + 1, probe.location);
    work[works++] = event;
}

static void reach_fences_after(int access)
{
    for (unsigned i = 0; i < MC_COLUMNS; i++)
        for (int j = fence_count[i]; j-- > 0 && mc_knows(&mc.event[fences[i][j]].known, access);)
            reach(fences[i][j]);
}

/* All that follows this place by mo and rb; then by rf, too, which leads to fences only. */
static void spread(int location, int code, bool reads)
{
    for (unsigned i = 0; i < mc.threads; i++) {
        int first = MC_NONE, at = mc.location[location].last[i];
        for (; at >= 0 && high_code(&mc.event[at]) > code; at = mc.event[at].before) {
            const mc_event *x = &mc.event[at];
            if (x->writes && x->seq_cst)
                reach(at);
            first = x->writes || reads ? at : first;
        }
        if (first >= 0)
            reach_fences_after(first);
    }
}

static void lower(const mc_event *to)
{
    int code = low_code(to);
    if (code >= low[to->location])
        return;
    low[to->location] = code;
    spread(to->location, code, true);
}

/* The thread's first event that knows the fence. */
static int first_knowing(unsigned thread, int fence)
{
    int from = 1, to = mc.thread[thread].now.of[thread] + 1;
    while (from < to) {
        int middle = (from + to) / 2, event = mc.of_thread[thread][middle];
        if (event != fence && mc_knows(&mc.event[event].known, fence))
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

static void go_from_fence(int fence)
{
    for (int i = 0; i < calls; i++) {
        if (call[i].first == fence)
            reach(call[i].reached);
        if (call[i].reached == fence && call[i].last >= 0)
            reach(call[i].last);
    }
    for (unsigned i = 0; i < mc.threads; i++) {
        int from = first_knowing(i, fence), to = after[i];
        after[i] = from < to ? from : to;
        for (int at = from; at < to; at++) {
            const mc_event *x = &mc.event[mc.of_thread[i][at]];
            if (x->seq_cst)
                reach(mc.of_thread[i][at]);
            if (x->location >= 0)
                lower(x);
        }
    }
    for (unsigned i = MC_REACHED; i < MC_COLUMNS; i++)
        for (int j = 0; j < fence_count[i]; j++)
            if (fence_before_fence(fence, fences[i][j]))
                reach(fences[i][j]);
}

/* The fences that happen after it have been reached with it. */
static void go_from_access(int access)
{
    const mc_event *x = &mc.event[access];
    spread(x->location, low_code(x), false);
    for (unsigned i = 0; i < mc.threads; i++)
        for (int j = 0; j < access_count[i]; j++)
            if (access_before_access(access, accesses[i][j]))
                reach(accesses[i][j]);
}

static bool closes_a_cycle(bool enters)
{
    number++;
    works = 0;
    cycle = false;
    probe.enters = enters;
    for (unsigned i = 0; i < mc.threads; i++)
        after[i] = mc.thread[i].now.of[i] + 1;
    for (int i = 0; i < mc.locations; i++)
        low[i] = INT_MAX;
    spread(probe.location, probe.code, !enters);
    while (works && !cycle) {
        int event = work[--works];
        if (mc.event[event].location < 0)
            go_from_fence(event);
        else
            go_from_access(event);
    }
    return cycle;
}

static bool knows_a_fence(void)
{
    for (unsigned i = 0; i < MC_COLUMNS; i++)
        if (fence_count[i] && mc_knows(&probe.known, fences[i][0]))
            return true;
    return false;
}

static bool allows(mc_order order)
{
    return !(knows_a_fence() && closes_a_cycle(false)) &&
           !(order == MC_SEQ_CST && closes_a_cycle(true));
}

bool mc_psc_allows_read(int location, int source, mc_order order)
{
    const mc_event *from = &mc.event[source];
    if (from->rank == mc.location[location].stores - 1)
        return true;
    probe.known = mc.thread[mc.self].now;
    if (order == MC_ACQUIRE || order >= MC_ACQ_REL)
        mc_join_clock(&probe.known, &from->carries);
    probe.location = location;
    probe.code = 2 * from->rank + 1;
    return allows(order);
}

bool mc_psc_allows_store(int location, int rank, mc_order order)
{
    if (rank == mc.location[location].stores)
        return true;
    probe.known = mc.thread[mc.self].now;
    probe.location = location;
    probe.code = 2 * rank - 1;
    return allows(order);
}
