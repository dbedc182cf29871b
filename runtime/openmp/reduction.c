/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Task reductions. A task with in_reduction asks for its thread's copies of some variables. It knows each
 * by its own address, or by that of another thread's copy, if the task was created where the name means
 * that copy. The descriptors in force are those of the taskgroups around the task, from the innermost
 * out, and then that of the parallel region. A loop, sections or scope with task reductions opens a
 * taskgroup for each of its threads. */
#include <runtime/openmp/reduction.h>

#include <runtime/openmp/memory.h>
#include <runtime/openmp/worksharing.h>

enum { COUNT, SIZE, BLOCK, BLOCK_END = 6, FIRST, EACH = 3 };

static void *allocate_block(const uintptr_t *reductions, unsigned threads)
{
    const size_t align = reductions[BLOCK], bytes = reductions[SIZE] * threads;
    void *block = aligned_alloc(align, (bytes + align - 1) / align * align);
    if (!block)
        fl_omp_out_of_memory(bytes);
    return memset(block, 0, bytes);
}

fl_omp_copies *fl_omp_copies_create(const uintptr_t *reductions, unsigned threads)
{
    fl_omp_copies *copies = fl_omp_allocate(sizeof *copies);
    copies->block = allocate_block(reductions, threads);
    filch_u32_store(&copies->holders, 1, FILCH_RELAXED); /* not yet shared */
    return copies;
}

void fl_omp_copies_release(fl_omp_copies *copies)
{
    if (!copies ||
        filch_u32_add(&copies->holders, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* DropHolder */
        return;
    free(copies->block);
    free(copies);
}

static void give_block(uintptr_t *reductions, void *block, unsigned threads)
{
    reductions[BLOCK] = (uintptr_t)block;
    reductions[BLOCK_END] = (uintptr_t)block + reductions[SIZE] * threads;
}

static void allocate(uintptr_t *reductions, unsigned threads)
{
    give_block(reductions, allocate_block(reductions, threads), threads);
}

/* ---- Taskgroups ---- */

void GOMP_taskgroup_reduction_register(uintptr_t *reductions)
{
    const fl_omp_thread *thread = fl_omp_here();
    allocate(reductions, thread->team->size);
    thread->task->group->reductions = reductions;
}

void GOMP_taskgroup_reduction_unregister(uintptr_t *reductions)
{
    free((void *)reductions[BLOCK]);
}

/* ---- Loops, sections and scopes ---- */

void fl_omp_reductions_begin(fl_omp_thread *thread, uintptr_t *reductions)
{
    fl_omp_copies *copies = thread->sharing.share->copies;
    filch_u32_add(&copies->holders, 1, FILCH_RELAXED); /* the share holds them, too */
    give_block(reductions, copies->block, thread->sharing.share->threads);
    fl_omp_group_begin();
    thread->task->group->reductions = reductions;
    thread->task->group->copies = copies;
}

/* Thread 0 has combined the copies. The barrier lets the other threads go on. */
void GOMP_workshare_task_reduction_unregister(bool cancelled)
{
    fl_omp_copies *copies = fl_omp_here()->task->group->copies;
    fl_omp_group_end();
    if (!cancelled)
        fl_omp_barrier();
    fl_omp_copies_release(copies);
}

void GOMP_scope_start(uintptr_t *reductions)
{
    if (!reductions)
        return;
    fl_omp_thread *thread = fl_omp_here();
    const fl_omp_plan plan = {.kind = FL_OMP_STATIC, .reductions = reductions};
    fl_omp_share_enter(thread, fl_omp_open_plan, &plan);
    fl_omp_reductions_begin(thread, reductions);
    fl_omp_share_leave(thread); /* barriers before and in ..._unregister keep the block */
}

/* ---- Parallel regions ---- */

typedef struct closure {
    fl_omp_fn *fn;
    void *data; /* begins with the address of the descriptor */
} closure;

static void open_team(fl_omp_share *share, const void *how)
{
    fl_omp_team *team = fl_omp_this.team;
    share->tracked = false;
    team->shares.reductions = *(uintptr_t **)((const closure *)how)->data;
    allocate(team->shares.reductions, team->size);
}

/* The first thread to come gives the region its copies: only now the size of the team is known. */
static void run_reducing(void *data)
{
    const closure *region = data;
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_share_enter(thread, open_team, region);
    fl_omp_share_leave(thread);
    region->fn(region->data);
}

unsigned GOMP_parallel_reductions(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags)
{
    closure region = {fn, data};
    fl_omp_fork(run_reducing, &region, threads, flags, NULL);
    const unsigned size = fl_omp_this.team->size;
    run_reducing(&region);
    fl_omp_join();
    return size;
}

/* ---- Tasks ---- */

/* The calling thread's copy of the variable at `address`, or of which there is a copy. NULL: the
 * descriptor does not have it. */
static char *copy_in(const uintptr_t *reductions, uintptr_t address, unsigned thread,
                     void **original)
{
    const uintptr_t *each = reductions + FIRST, *end = each + reductions[COUNT] * EACH;
    uintptr_t offset = 0;
    const bool is_copy = address - reductions[BLOCK] < reductions[BLOCK_END] - reductions[BLOCK];
    if (is_copy)
        offset = (address - reductions[BLOCK]) % reductions[SIZE];
    while (each < end && (is_copy ? each[1] != offset : each[0] != address))
        each += EACH;
    if (each == end)
        return NULL;
    *original = (void *)each[0];
    return (char *)reductions[BLOCK] + reductions[SIZE] * thread + each[1];
}

static char *copy_of(const fl_omp_thread *thread, void *address, void **original)
{
    char *copy = NULL;
    for (const fl_omp_group *group = thread->task->group; group && !copy; group = group->outer)
        if (group->reductions)
            copy = copy_in(group->reductions, (uintptr_t)address, thread->number, original);
    const uintptr_t *last = thread->team->shares.reductions;
    if (!copy && last)
        copy = copy_in(last, (uintptr_t)address, thread->number, original);
    if (!copy) {
        fprintf(stderr,
                "\nlibgomp: couldn't find matching task_reduction or reduction with task modifier "
                "for %p\n",
                address);
        exit(1);
    }
    return copy;
}

void GOMP_task_reduction_remap(size_t count, size_t originals, void **addresses)
{
    const fl_omp_thread *thread = fl_omp_here();
    for (size_t i = 0; i < count; i++) {
        void *original;
        addresses[i] = copy_of(thread, addresses[i], &original);
        if (i < originals)
            addresses[count + i] = original;
    }
}
