/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Task reductions. A taskgroup has a copy of each variable for each thread that has asked for one; its end combines
 * them. Threads of a region, loop, sections or scope with task reductions each open a taskgroup, whose copies
 * are combined into the thread's own.
 *
 * Edge:
 *   MakeCopy: store made, release                   -> FindCopy: load made, acquire; a task that
 *                                                      has got its address sees it */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/memory.h>
#include <runtime/openmp/reduction.h>

/* As clang lays out one variable. Old versions have no `original`. */
typedef struct item {
    void *shared;   /* combined into */
    void *original; /* for the initialiser; may be NULL */
    size_t size;
    void (*init)(void *copy, void *original); /* NULL: zero bytes */
    void (*end)(void *copy);                  /* may be NULL */
    void (*combine)(void *to, void *from);
    uint32_t flags; /* when a copy may be made: not used */
} item;

typedef struct old_item {
    void *shared;
    size_t size;
    void (*init)(void *copy, void *original);
    void (*end)(void *copy);
    void (*combine)(void *to, void *from);
    uint32_t flags;
} old_item;

struct fl_kmpc_reductions {
    size_t count;
    unsigned threads;
    item *items;
    filch_ptr copies[]; /* of item i and thread t: i * threads + t; NULL: not yet made */
};

/* ---- Life ---- */

static struct fl_kmpc_reductions *begin(size_t count)
{
    const unsigned threads = fl_omp_here()->team->size;
    struct fl_kmpc_reductions *new =
        fl_omp_allocate(sizeof *new + count *threads * sizeof *new->copies);
    new->count = count;
    new->threads = threads;
    new->items = fl_omp_allocate(count * sizeof *new->items);
    fl_omp_this.task->group->combined = new;
    return new;
}

static void *begin_new(size_t count, const item *items)
{
    struct fl_kmpc_reductions *new = begin(count);
    memcpy(new->items, items, count * sizeof *items);
    return new;
}

static void *begin_old(size_t count, const old_item *items)
{
    struct fl_kmpc_reductions *new = begin(count);
    for (size_t i = 0; i < count; i++)
        new->items[i] =
            (item){items[i].shared,  NULL,          items[i].size, items[i].init, items[i].end,
                   items[i].combine, items[i].flags};
    return new;
}

static void end(struct fl_kmpc_reductions *of)
{
    for (size_t i = 0; i < of->count * of->threads; i++) {
        const item *it = &of->items[i / of->threads];
        void *copy = filch_ptr_load(&of->copies[i], FILCH_RELAXED); /* the group's tasks are done */
        if (!copy)
            continue;
        it->combine(it->shared, copy);
        if (it->end)
            it->end(copy);
        free(copy);
    }
    free(of->items);
    free(of);
}

/* ---- Copies ---- */

static void *make(const item *it, filch_ptr *made)
{
    enum { LINE = 64 };
    const size_t bytes = (it->size + LINE - 1) / LINE * LINE;
    void *copy = aligned_alloc(LINE, bytes);
    if (!copy)
        fl_omp_out_of_memory(bytes);
    memset(copy, 0, bytes);
    if (it->init)
        it->init(copy, it->original ? it->original : it->shared);
    filch_ptr_store(made, copy, FILCH_RELEASE); /* MakeCopy */
    return copy;
}

/* The variable at `address`, or that of which there is a copy; `of->count`: none. */
static size_t find(struct fl_kmpc_reductions *of, const void *address)
{
    for (size_t i = 0; i < of->count; i++) {
        if (of->items[i].shared == address || of->items[i].original == address)
            return i;
        for (unsigned t = 0; t < of->threads; t++)
            if (filch_ptr_load(&of->copies[i * of->threads + t], FILCH_ACQUIRE) ==
                address) /* FindCopy */
                return i;
    }
    return of->count;
}

static void *copy_in(struct fl_kmpc_reductions *of, const void *address)
{
    const unsigned thread = fl_omp_this.number;
    const size_t i = of ? find(of, address) : 0;
    if (!of || i == of->count || thread >= of->threads)
        return NULL;
    filch_ptr *made = &of->copies[i * of->threads + thread];
    void *copy = filch_ptr_load(made, FILCH_RELAXED); /* its own */
    return copy ? copy : make(&of->items[i], made);
}

FL_OMP_ENTRY(void *, __kmpc_task_reduction_get_th_data, int32_t thread,
             struct fl_kmpc_reductions *of, void *address)
{
    (void)thread;
    void *copy = copy_in(of, address);
    for (const fl_omp_group *group = fl_omp_here()->task->group; group && !copy;
         group = group->outer)
        copy = copy_in(group->combined, address);
    if (!copy) {
        fprintf(stderr, "libomp on Filch: no task reduction of the variable at %p\n", address);
        exit(1);
    }
    return copy;
}

/* ---- Taskgroups ---- */

FL_OMP_ENTRY(void, __kmpc_taskgroup, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    fl_omp_group_begin();
}

FL_OMP_ENTRY(void, __kmpc_end_taskgroup, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    struct fl_kmpc_reductions *reductions = fl_omp_here()->task->group->combined;
    fl_omp_group_end();
    if (reductions)
        end(reductions);
}

FL_OMP_ENTRY(void *, __kmpc_taskred_init, int32_t thread, int32_t count, const item *items)
{
    (void)thread;
    return begin_new((size_t)count, items);
}

FL_OMP_ENTRY(void *, __kmpc_task_reduction_init, int32_t thread, int32_t count,
             const old_item *items)
{
    (void)thread;
    return begin_old((size_t)count, items);
}

/* ---- Regions, loops, sections and scopes ---- */

static void begin_of_thread(void)
{
    static fl_omp_copies opened; /* says that a construct has opened the group */
    fl_omp_group_begin();
    fl_omp_this.task->group->copies = &opened;
}

FL_OMP_ENTRY(void *, __kmpc_taskred_modifier_init, fl_kmpc_ident *at, int32_t thread,
             int32_t shares, int32_t count, const item *items)
{
    (void)at, (void)thread, (void)shares;
    begin_of_thread();
    return begin_new((size_t)count, items);
}

FL_OMP_ENTRY(void *, __kmpc_task_reduction_modifier_init, fl_kmpc_ident *at, int32_t thread,
             int32_t shares, int32_t count, const old_item *items)
{
    (void)at, (void)thread, (void)shares;
    begin_of_thread();
    return begin_old((size_t)count, items);
}

FL_OMP_ENTRY(void, __kmpc_task_reduction_modifier_fini, fl_kmpc_ident *at, int32_t thread,
             int32_t shares)
{
    (void)shares;
    __kmpc_end_taskgroup(at, thread);
}
