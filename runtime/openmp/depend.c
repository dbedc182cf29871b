/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/depend.h>

#include <runtime/engine/help.h>
#include <runtime/openmp/detach.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/names.h>
#include <runtime/platform/lock.h>
#include <sched/forkstack.h>

#include <stdlib.h>
#include <string.h>

/* ---- Creating and running ---- */

static struct fl_omp_depends *table_of(fl_omp_task *task)
{
    if (!task->depends)
        task->depends = fl_omp_allocate(sizeof *task->depends);
    return task->depends;
}

static void run_node(filch_self self, filch_slot *slot);
static const filch_task node_task = {.run = run_node, .name = "omp task"};

static filch_self fork_node(filch_self self, fl_omp_node *node)
{
    memcpy(self->args, &node, sizeof node);
    return filch_fork_inline(self, fl_omp_task_of(&node_task, node->fn));
}

static fl_omp_node *new_node(fl_omp_task *parent)
{
    fl_omp_node *node = fl_omp_allocate(sizeof *node);
    node->of = table_of(parent);
    node->group = parent->group;
    node->icv = parent->icv;
    node->unmet = node->holders = 1;
    return node;
}

void fl_omp_depend_create(const fl_omp_closure *closure, void **depend, bool final)
{
    fl_omp_task *task = fl_omp_this.task;
    fl_omp_node *node = new_node(task);
    fl_omp_closure_copy(closure, &node->block, &node->data);
    node->fn = closure->fn;
    node->final = final;
    node->copied = closure->copy;
    if (fl_omp_node_enter(node, depend))
        task->self = fork_node(task->self, node);
    else /* it may run in the frame of a child older than its group */
        fl_omp_group_lower(task, task->base);
}

/* The first one is run next, and others are forked; the rest, for which the fork stack has no room, goes to
 * the list. */
static fl_omp_node *next_of(fl_omp_task *frame, fl_omp_node *released, fl_omp_node **rest)
{
    fl_omp_node *first = released ? released : *rest;
    if (!first)
        return NULL;
    if (!released)
        *rest = first->next;
    for (fl_omp_node *other = released ? released->next : NULL, *after; other; other = after) {
        after = other->next;
        if (fl_omp_task_may_fork(frame)) {
            frame->self = fork_node(frame->self, other);
        } else {
            other->next = *rest;
            *rest = other;
        }
    }
    return first;
}

static void run_released(fl_omp_task *frame, fl_omp_node *released)
{
    fl_omp_node *rest = NULL;
    for (fl_omp_node *node; (node = next_of(frame, released, &rest));) {
        fl_omp_node_body(frame->self, node);
        released = fl_omp_node_complete(node);
    }
}

static void run_node(filch_self self, filch_slot *slot)
{
    fl_omp_node *node;
    memcpy(&node, slot->args, sizeof node);
    node->next = NULL;
    fl_omp_task frame = {.self = self, .base = self};
    run_released(&frame, node);
    fl_omp_join_to(&frame, frame.base);
}

/* ---- Waiting ---- */

static fl_omp_node *take_orphans(struct fl_omp_depends *table)
{
    fl_lock(&table->lock);
    fl_omp_node *orphans = table->orphans;
    table->orphans = NULL;
    fl_unlock(&table->lock);
    return orphans;
}

bool fl_omp_depend_adopt(fl_omp_task *task)
{
    fl_omp_node *orphans = task->depends ? take_orphans(task->depends) : NULL;
    run_released(task, orphans);
    return orphans;
}

void fl_omp_depend_settle(fl_omp_task *task)
{
    struct fl_omp_depends *table = task->depends;
    for (bool more = table != NULL; more;) {
        const uint32_t open = filch_u32_load(&table->open, FILCH_ACQUIRE); /* ReadOpen */
        fl_omp_join_to(task, task->base);
        more = fl_omp_depend_adopt(task) || open;
        if (open && task->self == task->base)
            fl_omp_detach_wait(&table->open, open);
    }
}

/* Runs children, the newest first, until the node is ready. If others have taken all of them, it helps with
 * those that descend from the newest. Without children it waits for an event. */
static void await_ready(fl_omp_task *task, const fl_omp_node *node)
{
    const fl_until until = {.word = &node->ready};
    for (;;) {
        const uint32_t open = filch_u32_load(&node->of->open, FILCH_ACQUIRE); /* ReadOpen */
        if (fl_until_over(&until))                                            /* AwaitChildren */
            break;
        filch_slot *newest = task->self - 1;
        if (fl_omp_depend_adopt(task))
            continue;
        if (task->self == task->base)
            fl_omp_detach_wait(&node->of->open, open);
        else if (fl_slot_settles(newest) || !fl_forkstack_empty(task->self))
            fl_omp_join_to(task, newest);
        else
            fl_help(fl_fiber_of(newest), newest, &until);
    }
    fl_omp_group_lower(task, task->self);
}

static fl_omp_node *await_node(fl_omp_task *task, void **depend)
{
    fl_omp_node *node = new_node(task);
    node->awaited = true;
    fl_omp_node_enter(node, depend);
    await_ready(task, node);
    return node;
}

void fl_omp_depend_await(void **depend)
{
    fl_omp_task *task = fl_omp_here()->task;
    if (task->depends)
        fl_omp_node_complete(await_node(task, depend)); /* later children see that it is done */
}

/* ---- Detachable nodes ---- */

fl_omp_node *fl_omp_depend_detachable(void **depend)
{
    fl_omp_node *node = await_node(fl_omp_here()->task, depend);
    node->parts = 2;
    filch_u32_add(&node->of->open, 1, FILCH_RELAXED); /* its own thread waits for it */
    return node;
}

void fl_omp_depend_part_over(fl_omp_node *node, bool by_event)
{
    struct fl_omp_depends *table = node->of;
    fl_lock(&table->lock);
    const bool over = --node->parts == 0;
    fl_unlock(&table->lock);
    fl_omp_node *released = over ? fl_omp_node_complete(node) : NULL;
    if (released && by_event) {
        fl_omp_node *last = released;
        fl_lock(&table->lock);
        while (last->next)
            last = last->next;
        last->next = table->orphans;
        table->orphans = released;
        fl_unlock(&table->lock);
    }
    if (over)
        filch_u32_add(&table->open, (uint32_t)-1, FILCH_ACQ_REL); /* CloseNode */
    if (!by_event)
        run_released(fl_omp_this.task, released);
}

void fl_omp_depend_forget(fl_omp_task *task)
{
    if (task->depends)
        fl_omp_table_forget(task->depends);
}

void fl_omp_depend_clear(fl_omp_task *task)
{
    fl_omp_depend_forget(task);
    if (task->depends)
        free(task->depends->entries);
    free(task->depends);
    task->depends = NULL;
}

/* ---- Nodes that use an address ---- */

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
        filch_u32_store(&node->ready, 1, FILCH_SEQ_CST); /* ReleaseParent */
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
