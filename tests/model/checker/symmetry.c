/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Symmetry: of executions that differ only by a permutation of alike threads, a whole search makes
 * one. A row names alike threads (`alike`); roles.c refuses threads that are not.
 *
 * If all threads treat alike ones alike, a permutation of an execution is an execution. So the
 * search may keep those in which alike threads stand in some order, if that order depends on the
 * graph alone. Here the threads' events are compared one by one, as words in a dictionary. The first
 * two that differ decide: by their addresses, then by their places in modification order, where a
 * read has the place of its source. A thread that has no such event is the later one. A thread's own
 * words, and objects that were allocated meanwhile, all have the same place.
 *
 * A place in modification order changes, but not the order of two events once both are made. So an
 * execution is given up at the first event that decides wrongly. It is given up earlier, too, where
 * the first thread waits for a later store, the second has read an older one, and no place is left
 * before that.
 *
 * The difficulty is WAIT. The search makes a read wait only if some execution has shown a store that
 * came later, and that execution may be one that was given up. So when one is given up, the reads
 * that decided may wait, too. The argument: take an execution in order, and its first read that waits
 * for a store, and does not in this search. Leave out what depends on that read, let it read what is
 * there, and go on to the store. Where that is given up, one of the two reads that decide was added
 * here. That one may wait instead, and the rest goes on without it. If no added read is left, nothing
 * is given up before the store, and the store tells. This needs that the added read has a choice, and
 * that stores take their places in the order of steps. Elsewhere all reads may wait, as after an
 * execution that has shown nothing.
 *
 * The argument is no proof for each mix of RMWs and stores at earlier places. So rows tell how many
 * executions there are without the reduction (`executions`), and each search compares: an execution
 * that was not given up stands for its permutations.
 *
 * Loops are bounded by the order of steps: a place reads a store that is old at that moment three
 * times at most. Where that bound cuts one permutation and not another, the reduction may leave out
 * both. Bounded and random searches are not reduced. */
#include <tests/model/checker/state.h>

#include <string.h>

static bool reduces;
static uint64_t stands_for;
static int equal[MC_THREADS][MC_THREADS]; /* so many first events of two threads do not differ */

void mc_symmetry_begin(bool reduce)
{
    reduces = reduce;
    stands_for = 0;
}

void mc_symmetry_reset(void)
{
    memset(equal, 0, sizeof equal);
}

uint64_t mc_symmetry_total(void)
{
    return stands_for;
}

/* ---- The order of threads ---- */

static int events_of(unsigned thread)
{
    return mc.thread[thread].now.of[thread];
}

static const mc_event *event_of(unsigned thread, int index)
{
    return &mc.event[mc.of_thread[thread][index]];
}

static uint64_t class_of(const mc_event *event)
{
    return event->location < 0 ? 0 : mc.location[event->location].class;
}

static int place_of(const mc_event *event)
{
    return event->reads ? 2 * mc.event[event->source].rank + 1 : 2 * event->rank;
}

/* < 0: the first one comes first. */
static int compare_events(const mc_event *a, const mc_event *b)
{
    uint64_t class = class_of(a), other = class_of(b);
    if (class != other)
        return class < other ? -1 : 1;
    return mc_class_has_places(class) ? place_of(a) - place_of(b) : 0;
}

/* Does not look beyond the end of one of them. */
static int compare(unsigned first, unsigned second)
{
    int least = events_of(first), *same = &equal[first][second];
    least = least < events_of(second) ? least : events_of(second);
    for (; *same < least; ++*same) {
        int order = compare_events(event_of(first, *same + 1), event_of(second, *same + 1));
        if (order)
            return order;
    }
    return 0;
}

/* May a thread but this one still put a store before that one? */
static bool has_place_before(const mc_event *store, int location, unsigned but)
{
    const mc_location *of = &mc.location[location];
    int least = store->rank;
    for (unsigned i = 0; i < mc.threads; i++)
        if (i != but && mc.thread[i].next.kind != MC_DONE) {
            int floor = mc_floor(&mc.thread[i].now, location);
            least = floor < least ? floor : least;
        }
    for (int i = least; i < store->rank; i++)
        if (mc.event[of->order[i]].taken != of->order[i + 1])
            return true;
    return false;
}

/* Whether the first thread waits, and each store that it may still read comes after the second
 * thread's source in modification order. */
static bool will_read_beyond(unsigned first, unsigned second)
{
    const mc_thread *by = &mc.thread[first];
    int index = equal[first][second] + 1;
    if (!by->waits || !by->later || events_of(first) >= index || events_of(second) < index)
        return false;
    const mc_event *read = event_of(second, index);
    if (!read->reads || read->location != by->next.location || read->source >= by->since ||
        !mc_class_has_places(mc.location[read->location].class))
        return false;
    const mc_event *source = &mc.event[read->source];
    for (int i = 0; i < source->rank; i++)
        if (mc.location[read->location].order[i] >= by->since)
            return false;
    return !has_place_before(source, read->location, first);
}

/* ---- Giving up ---- */

static void tell_all(void)
{
    for (int i = 0; i < mc.events; i++)
        if (mc.event[i].reads)
            mc_came_later(mc.event[i].choice);
    for (unsigned i = 0; i < mc.threads; i++)
        mc_came_later(mc.thread[i].looked);
    mc_tell_barriers();
}

static bool has_earlier_places(int location)
{
    const mc_location *of = &mc.location[location];
    for (int i = 1; i < of->stores; i++)
        if (of->order[i - 1] > of->order[i])
            return true;
    return false;
}

/* These two may wait. */
static void tell(const mc_event *first, const mc_event *second)
{
    if (first && (!first->reads || first->location != second->location))
        tell_all();
    else if (!second->reads || has_earlier_places(second->location))
        tell_all();
    else
        mc_came_later(second->choice);
    if (first && first->reads)
        mc_came_later(first->choice);
}

static bool is_wrong(unsigned first, unsigned second)
{
    int order = compare(first, second), at = equal[first][second] + 1;
    if (order > 0)
        tell(event_of(first, at), event_of(second, at));
    else if (!order && will_read_beyond(first, second))
        tell(NULL, event_of(second, at));
    else
        return false;
    return true;
}

void mc_symmetry_look(void)
{
    for (unsigned i = 0; reduces && !mc.trying && i < mc.threads; i++)
        if (i != mc.self && mc_role_of(i) == mc_role_of(mc.self) &&
            (i < mc.self ? is_wrong(i, mc.self) : is_wrong(mc.self, i))) {
            mc_prune();
            return;
        }
}

/* ---- The end of an execution ---- */

/* This execution, and its permutations: threads that do not differ are permuted to no effect. */
static uint64_t permutations(void)
{
    uint64_t count = 1;
    unsigned equals = 0;
    for (unsigned i = 0; i < mc.threads; i++) {
        unsigned before = 0, last = i;
        for (unsigned j = 0; j < i; j++)
            if (mc_role_of(j) == mc_role_of(i))
                before++, last = j;
        bool same = last < i && !compare(last, i) && events_of(last) == events_of(i);
        equals = same ? equals + 1 : 0;
        count = count * (before + 1) / (equals + 1);
    }
    return count;
}

void mc_symmetry_end(void)
{
    for (unsigned i = 0; reduces && !mc.trying && i < mc.threads; i++)
        for (unsigned j = i + 1; j < mc.threads; j++)
            if (mc_role_of(j) == mc_role_of(i)) {
                int order = compare(i, j);
                if (order > 0 || (!order && events_of(i) < events_of(j))) {
                    tell_all();
                    mc_prune();
                    return;
                }
            }
    stands_for += reduces && !mc.trying ? permutations() : 0;
}
