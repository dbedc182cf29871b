/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/depend_table.h>

#include <runtime/openmp/memory.h>
#include <runtime/platform/lock.h>

#include <stdlib.h>

enum use { READS, WRITES, SET, EXCLUSIVE };

/* Nodes that use an address in compatible ways. */
typedef struct list {
    fl_omp_node **nodes;
    unsigned first, count, room; /* nodes[first] to nodes[count - 1] */
} list;

struct fl_omp_entry {
    void *address; /* NULL: it is empty */
    enum use use;  /* of the last ones */
    list last, before;
    fl_omp_node *owner; /* the exclusive node that is released and not done, */
    list waiting;       /* and those that could be released but for it */
};
typedef struct fl_omp_entry entry;

/* By gcc's kind of a depend object. */
static const enum use kinds[] = {WRITES, READS, WRITES, WRITES, EXCLUSIVE, SET};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- Nodes; under the lock ---- */

static void let_go(fl_omp_node *node)
{
    if (--node->holders == 0)
        free(node);
}

/* Lets go those that are done: a list does not grow with its past. */
static void tidy(list *of)
{
    unsigned kept = 0;
    for (unsigned i = of->first; i < of->count; i++)
        if (of->nodes[i]->done)
            let_go(of->nodes[i]);
        else
            of->nodes[kept++] = of->nodes[i];
    of->first = 0;
    of->count = kept;
}

static void make_room(list *of)
{
    tidy(of);
    if (2 * of->count < of->room)
        return;
    of->room = of->room ? 2 * of->room : 4;
    of->nodes = realloc(of->nodes, of->room * sizeof *of->nodes);
    if (!of->nodes)
        fl_omp_out_of_memory(of->room * sizeof *of->nodes);
}

static void push(list *to, fl_omp_node *node)
{
    if (to->count == to->room)
        make_room(to);
    to->nodes[to->count++] = node;
    node->holders++;
}

static void empty(list *of)
{
    for (unsigned i = of->first; i < of->count; i++)
        let_go(of->nodes[i]);
    of->first = of->count = 0;
}

static void follow(fl_omp_node *node, fl_omp_node *before)
{
    if (before->done || before == node)
        return;
    list successors = {before->successors, 0, before->count, before->room};
    push(&successors, node);
    before->successors = successors.nodes;
    before->count = successors.count;
    before->room = successors.room;
    node->unmet++;
}

static void follow_all(fl_omp_node *node, const list *before)
{
    for (unsigned i = before->first; i < before->count; i++)
        follow(node, before->nodes[i]);
}

/* ---- The table ---- */

static size_t place_of(const struct fl_omp_depends *of, const void *address)
{
    size_t at = ((uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15)) >> 20;
    for (at &= of->room - 1; of->entries[at].address && of->entries[at].address != address;)
        at = (at + 1) & (of->room - 1);
    return at;
}

static void drop(entry *at)
{
    free(at->last.nodes);
    free(at->before.nodes);
    free(at->waiting.nodes);
    *at = (entry){.address = NULL};
}

/* Are all of its nodes done? Then no later node has to follow them. */
static bool is_past(entry *at)
{
    tidy(&at->last);
    tidy(&at->before);
    return !at->last.count && !at->before.count && !at->owner && !at->waiting.count;
}

/* Without the addresses that are past. */
static void grow(struct fl_omp_depends *of)
{
    entry *old = of->entries;
    const size_t room = of->room;
    of->used = 0;
    for (size_t i = 0; i < room; i++)
        if (old[i].address && is_past(&old[i]))
            drop(&old[i]);
        else
            of->used += old[i].address != NULL;
    of->room = !room ? 16 : 4 * of->used < room ? room : 2 * room;
    of->entries = fl_omp_allocate(of->room * sizeof *of->entries);
    for (size_t i = 0; i < room; i++)
        if (old[i].address)
            of->entries[place_of(of, old[i].address)] = old[i];
    free(old);
}

static entry *entry_of(struct fl_omp_depends *of, void *address)
{
    if (2 * (of->used + 1) > of->room)
        grow(of);
    entry *at = &of->entries[place_of(of, address)];
    of->used += at->address == NULL;
    at->address = address;
    return at;
}

static void use(struct fl_omp_depends *of, void *address, enum use how, fl_omp_node *node)
{
    entry *at = entry_of(of, address);
    if (at->last.count && (at->use != how || how == WRITES)) {
        list older = at->before;
        at->before = at->last;
        empty(&older);
        at->last = older;
    }
    at->use = how;
    follow_all(node, &at->before);
    push(&at->last, node);
}

/* omp_all_memory. Later nodes follow this one, so the others are forgotten. */
static void use_all(struct fl_omp_depends *of, fl_omp_node *node)
{
    for (size_t i = 0; i < of->room; i++) {
        follow_all(node, &of->entries[i].last);
        empty(&of->entries[i].last);
        empty(&of->entries[i].before);
    }
    if (of->all)
        let_go(of->all);
    of->all = node;
    node->holders++;
}

/* ---- Exclusive nodes; under the lock ---- */

/* Gets all addresses, or waits for the first one that another node has. */
static bool acquire(struct fl_omp_depends *of, fl_omp_node *node)
{
    for (unsigned i = 0; i < node->exclusives; i++) {
        entry *at = &of->entries[place_of(of, node->exclusive[i])];
        if (at->owner && at->owner != node) {
            push(&at->waiting, node);
            return false;
        }
    }
    for (unsigned i = 0; i < node->exclusives; i++)
        of->entries[place_of(of, node->exclusive[i])].owner = node;
    return true;
}

/* Its predecessors are done. Returns the list of released nodes, with it if it needs no other address. A
 * node that its creator waits for is in no list. */
static fl_omp_node *release(fl_omp_node *node, fl_omp_node *released)
{
    if (!acquire(node->of, node))
        return released;
    if (node->awaited) {
        filch_u32_store(&node->ready, 1, FILCH_SEQ_CST); /* H8 */
        return released;
    }
    node->next = released;
    return node;
}

/* Tries those in the list, the oldest first, until one has the address. */
static fl_omp_node *pass_on(entry *at, fl_omp_node *released)
{
    list *waiting = &at->waiting;
    while (!at->owner && waiting->first < waiting->count) {
        fl_omp_node *next = waiting->nodes[waiting->first++];
        if (waiting->first == waiting->count)
            waiting->first = waiting->count = 0;
        released = release(next, released);
        let_go(next); /* it has itself until it is done */
    }
    return released;
}

/* Nobody else gets its addresses, or sees that they are free, before all of them are. */
static fl_omp_node *give_up(fl_omp_node *node, fl_omp_node *released)
{
    struct fl_omp_depends *of = node->of;
    for (unsigned i = 0; i < node->exclusives; i++)
        of->entries[place_of(of, node->exclusive[i])].owner = NULL;
    for (unsigned i = 0; i < node->exclusives; i++)
        released = pass_on(&of->entries[place_of(of, node->exclusive[i])], released);
    return released;
}

/* ---- gcc's array ----
 *
 * {count, written, addresses: first those written}; or {0, count, written, mutexinoutset, read, addresses in
 * this order, then depend objects}. */

typedef struct reader {
    void **addresses;
    size_t count, written, exclusive, read; /* the ends of their parts */
} reader;

static reader read_array(void **depend)
{
    size_t count = (uintptr_t)depend[0];
    const size_t written = (uintptr_t)depend[count ? 1 : 2];
    if (count)
        return (reader){depend + 2, count, written, written, count};
    const size_t exclusive = written + (uintptr_t)depend[3];
    return (reader){depend + 5, (uintptr_t)depend[1], written, exclusive,
                    exclusive + (uintptr_t)depend[4]};
}

static void *get(const reader *of, size_t i, enum use *how)
{
    void *address = of->addresses[i];
    *how = i < of->written ? WRITES : i < of->exclusive ? EXCLUSIVE : READS;
    if (i < of->read)
        return address;
    void **object = address;
    uintptr_t kind = (uintptr_t)object[1];
    *how = kind < KINDS ? kinds[kind] : WRITES;
    return object[0];
}

/* ---- A node's begin and end ---- */

fl_omp_node *fl_omp_node_enter(fl_omp_node *node, void **depend)
{
    struct fl_omp_depends *table = node->of;
    const reader of = read_array(depend);
    fl_lock(&table->lock);
    if (table->all)
        follow(node, table->all);
    for (size_t i = 0; i < of.count; i++) {
        enum use how;
        void *address = get(&of, i, &how);
        if (how == EXCLUSIVE && node->awaited)
            how = WRITES; /* it holds nothing while it runs */
        if (!address)
            use_all(table, node);
        else
            use(table, address, how, node);
        if (address && how == EXCLUSIVE) {
            if (!node->exclusive)
                node->exclusive = fl_omp_allocate(of.count * sizeof *node->exclusive);
            node->exclusive[node->exclusives++] = address;
        }
    }
    fl_omp_node *released = --node->unmet ? NULL : release(node, NULL);
    fl_unlock(&table->lock);
    return released;
}

fl_omp_node *fl_omp_node_complete(fl_omp_node *node)
{
    struct fl_omp_depends *table = node->of;
    fl_lock(&table->lock);
    fl_omp_node *released = give_up(node, NULL);
    node->done = true;
    for (unsigned i = node->count; i-- > 0;) {
        fl_omp_node *next = node->successors[i];
        if (--next->unmet == 0)
            released = release(next, released);
        let_go(next); /* it has itself until it is done */
    }
    free(node->successors);
    free(node->exclusive);
    free(node->block);
    let_go(node); /* lists may still know it, but no more than that it is done */
    fl_unlock(&table->lock);
    return released;
}

void fl_omp_table_forget(struct fl_omp_depends *of)
{
    for (size_t i = 0; i < of->room; i++) {
        empty(&of->entries[i].last);
        empty(&of->entries[i].before);
        drop(&of->entries[i]);
    }
    if (of->all)
        let_go(of->all);
    of->used = 0;
    of->all = NULL;
}
