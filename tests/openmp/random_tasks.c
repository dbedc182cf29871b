/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Random regions: tasks with dependences, trees of tasks, task groups, task loops, detached tasks and
 * cancelled task groups. A step creates its tasks in a new team or in the team that it is called in. */
#include "random_regions.h"

#include <omp.h>

/* Runs a body by one thread of a new team, or at once: then the team may be busy, or have one thread.
 * alone: the body may also run outside of all parallel regions. */
static uint64_t in_team(step_function *body, bool alone, uint64_t seed, int depth)
{
    uint64_t result = 0;
    if ((seed >> 40 & 1) && (alone || omp_get_level() > 0))
        return body(seed, depth);
#pragma omp parallel num_threads(width(seed)) shared(result)
#pragma omp single
    result = body(seed, depth);
    return result;
}

#define IN_TEAM(name, alone)                                                                       \
    static uint64_t name(uint64_t seed, int depth)                                                 \
    {                                                                                              \
        return in_team(name##_body, alone, seed, depth);                                           \
    }

/* Task reductions with nested regions, outside of all parallel regions, crash or hang libgomp 12. */
enum { ALONE = true, NOT_ALONE = false };

/* ---- Dependences: random tasks on a few cells, in any order that the dependences allow ---- */

typedef struct move {
    uint64_t random;
    int a, b, c; /* cells: a and b are read, c is written */
    unsigned kind;
} move;

static move nth_move(uint64_t seed, uint64_t i)
{
    const uint64_t h = mix(seed + mix(i));
    const int c = (int)(h % CELLS);
    return (move){h, (c + 1 + (int)((h >> 8) % 3)) % CELLS, (c + 5) % CELLS, c,
                  (unsigned)((h >> 24) % 7)};
}

static uint64_t combined(const uint64_t *cells, uint64_t read)
{
    for (int i = 0; i < CELLS; i++)
        read = mix(read + cells[i]);
    return read;
}

/* Tasks whose dependence is a depobj. */
static void move_by_object(uint64_t *cell, uint64_t seed, uint64_t i, int depth)
{
    omp_depend_t object;
#pragma omp depobj(object) depend(inout : *cell)
#pragma omp task depend(depobj : object) firstprivate(cell)
    *cell = mix(*cell + leaf(seed, i, depth, true));
#pragma omp depobj(object) destroy
}

static void make_move(uint64_t *cells, move m, uint64_t seed, uint64_t i, int depth)
{
    uint64_t *const a = &cells[m.a], *const b = &cells[m.b], *const c = &cells[m.c];
    const bool deferred = m.random >> 40 & 3;
    switch (m.kind) {
    case 0:
#pragma omp task depend(in : *a, *b) depend(out : *c) if (deferred)
        *c = mix(*a + *b + leaf(seed, i, depth, true));
        break;
    case 1:
#pragma omp task depend(inout : *c) untied priority((int)(i % 4))
        *c = mix(*c + leaf(seed, i, depth, true));
        break;
    case 2:
    case 3: { /* several of these in a row may change places */
#pragma omp task depend(mutexinoutset : *c) if (deferred)
        *c += leaf(seed, i, depth, true);
        break;
    }
    case 4:
#pragma omp task depend(iterator(int j = 0 : 3), in : cells[(m.c + 1 + j) % CELLS]) depend(out : *c)
        *c = mix(cells[(m.c + 1) % CELLS] + cells[(m.c + 3) % CELLS] + leaf(seed, i, depth, true));
        break;
    case 5:
        move_by_object(c, seed, i, depth);
        break;
    default:
#pragma omp task depend(inout : *c, *a) final(!deferred) mergeable
    {
        *c = mix(*c + leaf(seed, i, depth, true));
        *a = mix(*a + *c);
    }
    }
}

static uint64_t dependences_body(uint64_t seed, int depth)
{
    uint64_t cells[CELLS] = {0}, read = 0;
    for (uint64_t i = 0; i < size(seed); i++) {
        const move m = nth_move(seed, i);
        make_move(cells, m, seed, i, depth);
        if (m.random % 16 == 0) {
#pragma omp taskwait depend(in : cells[m.a])
            read = mix(read + cells[m.a]);
        }
    }
#pragma omp taskwait
    return combined(cells, read);
}
IN_TEAM(dependences, ALONE)

static uint64_t dependences_serial(uint64_t seed, int depth)
{
    uint64_t cells[CELLS] = {0}, read = 0;
    for (uint64_t i = 0; i < size(seed); i++) {
        const move m = nth_move(seed, i);
        uint64_t *const c = &cells[m.c];
        const uint64_t x = leaf(seed, i, depth, false);
        if (m.kind == 0)
            *c = mix(cells[m.a] + cells[m.b] + x);
        else if (m.kind == 2 || m.kind == 3)
            *c += x;
        else if (m.kind == 4)
            *c = mix(cells[(m.c + 1) % CELLS] + cells[(m.c + 3) % CELLS] + x);
        else
            *c = mix(*c + x);
        if (m.kind == 6)
            cells[m.a] = mix(cells[m.a] + *c);
        if (m.random % 16 == 0)
            read = mix(read + cells[m.a]);
    }
    return combined(cells, read);
}

/* ---- Trees and groups ---- */

static uint64_t subtree(uint64_t seed, int depth, uint64_t from, uint64_t to)
{
    if (to - from < 2)
        return from < to ? leaf(seed, from, depth, true) : 0;
    const uint64_t middle = from + 1 + mix(seed + from) % (to - from - 1);
    uint64_t left, right;
#pragma omp task shared(left) untied if (to - from > seed % 8)
    left = subtree(seed, depth, from, middle);
#pragma omp task shared(right) final(to - from < seed % 5) mergeable
    right = subtree(seed, depth, middle, to);
#pragma omp taskwait
    return left + right;
}

static uint64_t tree_body(uint64_t seed, int depth)
{
    return subtree(seed, depth, 0, size(seed));
}
IN_TEAM(tree, ALONE)

/* A task starts the next ones and does not wait: only the group does. */
static void spread(uint64_t seed, int depth, uint64_t from, uint64_t to, uint64_t *total)
{
    for (uint64_t i = from; i < to; i++) {
        if (to - i > 4) {
            const uint64_t middle = (i + to) / 2;
#pragma omp task
            spread(seed, depth, middle, to, total);
            to = middle;
        }
        const uint64_t x = leaf(seed, i, depth, true);
#pragma omp atomic
        *total += x;
    }
}

static uint64_t group_body(uint64_t seed, int depth)
{
    uint64_t total = 0;
#pragma omp taskgroup
    {
#pragma omp task shared(total)
        spread(seed, depth, 0, size(seed), &total);
    }
    return total;
}
IN_TEAM(group, ALONE)

static uint64_t group_reduction_body(uint64_t seed, int depth)
{
    uint64_t total = 0;
#pragma omp taskgroup task_reduction(+ : total)
    for (uint64_t i = 0; i < size(seed); i++) {
#pragma omp task in_reduction(+ : total) if (i % 5 != 0)
        {
            if (i % 3 == 0) {
#pragma omp task in_reduction(+ : total)
                total += leaf(seed, i, depth, true);
            } else {
                total += leaf(seed, i, depth, true);
            }
        }
    }
    return total;
}
IN_TEAM(group_reduction, NOT_ALONE)

static uint64_t team_reduction(uint64_t seed, int depth)
{
    uint64_t total = 0, once = 0;
#pragma omp parallel num_threads(width(seed)) reduction(task, + : total) reduction(+ : once)
    {
#pragma omp single nowait
        once++;
#pragma omp for schedule(dynamic)
        for (uint64_t i = 0; i < size(seed); i++)
#pragma omp task in_reduction(+ : total)
            total += leaf(seed, i, depth, true);
    }
    return total + once - 1;
}

/* ---- Task loops ---- */

/* A modifier of OpenMP 5.1, which clang 14 does not know. */
#if defined __clang_major__ && __clang_major__ < 16
#define STRICT(size) (size)
#else
#define STRICT(size) (strict : size)
#endif

#define TASK_LOOP(name, type, clause)                                                              \
    static uint64_t task_loop_##name##_body(uint64_t seed, int depth)                              \
    {                                                                                              \
        uint64_t total = 0;                                                                        \
        const type n = (type)size(seed);                                                           \
        PRAGMA(omp taskloop reduction(+ : total) clause)                                           \
        for (type i = 0; i < n; i++)                                                               \
            total += leaf(seed, (uint64_t)i, depth, true);                                         \
        return total;                                                                              \
    }                                                                                              \
    IN_TEAM(task_loop_##name, NOT_ALONE)

TASK_LOOP(plain, int, )
TASK_LOOP(grain, long, grainsize(CHUNK))
TASK_LOOP(strict, int, grainsize STRICT(CHUNK))
TASK_LOOP(count, uint64_t, num_tasks(CHUNK) untied)
TASK_LOOP(count_strict, int, num_tasks STRICT(CHUNK) if (CHUNK > 2))

static uint64_t task_loop_free_body(uint64_t seed, int depth)
{
    uint64_t total = 0;
#pragma omp taskgroup
    {
#pragma omp taskloop nogroup shared(total) collapse(2) grainsize(2)
        for (int i = 0; i < MOST / 4; i++)
            for (int j = 0; j < 4; j++)
                if ((uint64_t)(4 * i + j) < size(seed)) {
                    const uint64_t x = leaf(seed, (uint64_t)(4 * i + j), depth, true);
#pragma omp atomic
                    total += x;
                }
    }
    return total;
}
IN_TEAM(task_loop_free, ALONE)

/* ---- Detached tasks and cancelled groups ---- */

/* The team is always a new one, and the events few: a task that runs at once would wait for its event
 * before the creator could make the task that fulfils it. */
static uint64_t detached(uint64_t seed, int depth)
{
    uint64_t total = 0;
#pragma omp parallel num_threads(width(seed))
#pragma omp single
    {
        const uint64_t n = size(seed), few = n < 24 ? n : 24;
        for (uint64_t i = 0; i < few; i++) {
            omp_event_handle_t event;
#pragma omp task detach(event) shared(total) firstprivate(i)
            {
#pragma omp atomic
                total += i;
            }
#pragma omp task shared(total) firstprivate(event, i)
            {
                const uint64_t x = leaf(seed, i, depth, true);
#pragma omp atomic
                total += x - i;
                omp_fulfill_event(event);
            }
            if (i % 7 == 6) {
#pragma omp taskwait
            }
        }
        for (uint64_t i = few; i < n; i++) {
#pragma omp task shared(total) firstprivate(i)
            {
                const uint64_t x = leaf(seed, i, depth, true);
#pragma omp atomic
                total += x;
            }
        }
#pragma omp taskwait
    }
    return total;
}

/* Leaves stay flat here: a cancelled group also discards the tasks of nested steps. */
static uint64_t search_group_body(uint64_t seed, int depth)
{
    const uint64_t wanted = target(seed, depth);
    uint64_t found = 0;
#pragma omp taskgroup
    for (uint64_t i = 0; i < size(seed); i++) {
#pragma omp task shared(found)
        {
            if (i + 1 == wanted) {
#pragma omp atomic write
                found = i + 1;
#pragma omp cancel taskgroup
            }
#pragma omp task
            leaf(seed, i, 0, true);
#pragma omp cancellation point taskgroup
            leaf(seed, i + 1, 0, true);
        }
    }
    return found;
}
IN_TEAM(search_group, ALONE)

const step task_steps[] = {
    {"dependences", dependences, dependences_serial},
    {"dependences_again", dependences, dependences_serial},
    {"tree", tree, sum},
    {"group", group, sum},
    {"group_reduction", group_reduction, sum},
    {"team_reduction", team_reduction, sum},
    {"task_loop_plain", task_loop_plain, sum},
    {"task_loop_grain", task_loop_grain, sum},
    {"task_loop_strict", task_loop_strict, sum},
    {"task_loop_count", task_loop_count, sum},
    {"task_loop_count_strict", task_loop_count_strict, sum},
    {"task_loop_free", task_loop_free, sum},
    {"detached", detached, sum},
    {"search_group", search_group, target},
    {0},
};
