/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel regions and leagues of teams. clang passes the variables of a region one by one. They are kept in an
 * array, and each thread calls the region with all of them. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/abi.h>
#include <runtime/openmp/memory.h>

#include <stdarg.h>

__thread fl_kmpc_state fl_kmpc_here FL_OMP_TLS;

/* ---- Numbers of threads ---- */

static __thread int32_t number FL_OMP_TLS = -1;

int32_t fl_kmpc_thread(void)
{
    static filch_u32 numbered;
    if (FILCH_UNLIKELY(number < 0))
        number = (int32_t)filch_u32_add(&numbered, 1, FILCH_RELAXED); /* a number, no data */
    return number;
}

/* The thread that loads the library has the number 0. */
__attribute__((constructor)) static void load(void)
{
    fl_kmpc_thread();
}

FL_OMP_ENTRY(int32_t, __kmpc_global_thread_num, fl_kmpc_ident *at)
{
    (void)at;
    return fl_kmpc_thread();
}

FL_OMP_ENTRY(int32_t, __kmpc_bound_thread_num, fl_kmpc_ident *at)
{
    (void)at;
    return (int32_t)fl_omp_here()->number;
}

FL_OMP_ENTRY(int32_t, __kmpc_global_num_threads, fl_kmpc_ident *at)
{
    (void)at;
    return (int32_t)fl_omp_here()->team->size;
}

FL_OMP_ENTRY(int32_t, __kmpc_bound_num_threads, fl_kmpc_ident *at)
{
    return __kmpc_global_num_threads(at);
}

FL_OMP_ENTRY(int32_t, __kmpc_in_parallel, fl_kmpc_ident *at)
{
    (void)at;
    return fl_omp_here()->team->active_level > 0;
}

FL_OMP_ENTRY(int32_t, __kmpc_ok_to_fork, fl_kmpc_ident *at)
{
    (void)at;
    return 1;
}

/* ---- Calling a region ---- */

enum { FEW = 13 };

/* Every thread of the team reads it, and most regions fit into its first line. */
typedef struct call {
    _Alignas(FL_OMP_LINE) fl_kmpc_region *region;
    void **variables; /* with room for the largest size of its class */
    int class;
    void *few[FEW];
} call;

FILCH_STATIC_ASSERT(sizeof(call) == 2 * FL_OMP_LINE, "five variables are in the first line");

#define TWO(i) it->variables[i], it->variables[(i) + 1]
#define FIVE(i) TWO(i), TWO((i) + 2), it->variables[(i) + 4]
#define EIGHT(i) TWO(i), TWO((i) + 2), TWO((i) + 4), TWO((i) + 6)
#define SOME(i) EIGHT(i), EIGHT((i) + 8), EIGHT((i) + 16), EIGHT((i) + 24)
#define MANY(i) SOME(i), SOME((i) + 32), SOME((i) + 64), SOME((i) + 96)

#define CALL(size, variables)                                                                      \
    static void call_##size(const call *it, int32_t *thread, int32_t *bound)                       \
    {                                                                                              \
        it->region(thread, bound, variables);                                                      \
    }
#define COMMA(a, b) a, b
CALL(2, TWO(0))
CALL(5, FIVE(0))
CALL(13, COMMA(EIGHT(0), FIVE(8)))
CALL(32, SOME(0))
CALL(128, MANY(0))
CALL(512, COMMA(COMMA(MANY(0), MANY(128)), COMMA(MANY(256), MANY(384))))

/* A region may get more variables than it has: where they lie does not depend on their number. */
static const struct {
    int size;
    void (*call)(const call *it, int32_t *thread, int32_t *bound);
} classes[] = {{2, call_2},   {5, call_5},     {13, call_13},
               {32, call_32}, {128, call_128}, {512, call_512}};

enum { CLASSES = sizeof classes / sizeof *classes };

static int class_of(int variables)
{
    for (int i = 0; i < CLASSES; i++)
        if (variables <= classes[i].size)
            return i;
    fprintf(stderr, "libomp on Filch: a parallel region has %d variables (at most %d)\n", variables,
            classes[CLASSES - 1].size);
    abort();
}

/* Each thread of the team, and of a league the one thread of each team. */
void fl_kmpc_run_region(void *data)
{
    const call *it = data;
    const fl_kmpc_state before = fl_kmpc_here;
    int32_t thread = fl_kmpc_thread(), bound = (int32_t)fl_omp_this.number;
    fl_kmpc_here = (fl_kmpc_state){0};
    classes[it->class].call(it, &thread, &bound);
    fl_kmpc_here = before;
}

fl_kmpc_region *fl_kmpc_region_of(const void *data)
{
    return ((const call *)data)->region;
}

/* Calls begin(call) with the variables of the list. */
static void with(int count, fl_kmpc_region *region, va_list list, void (*begin)(call *it))
{
    call it = {.region = region, .class = class_of(count)};
    const int size = classes[it.class].size;
    it.variables = size > FEW ? fl_omp_allocate((size_t)size * sizeof *it.variables) : it.few;
    for (int i = 0; i < count; i++)
        it.variables[i] = va_arg(list, void *);
    begin(&it);
    if (size > FEW)
        free(it.variables);
}

/* ---- Regions ---- */

static fl_kmpc_state take_clauses(void)
{
    const fl_kmpc_state clauses = fl_kmpc_here;
    fl_kmpc_here.threads = fl_kmpc_here.teams = fl_kmpc_here.limit = 0;
    fl_kmpc_here.bind = FL_OMP_BIND_FALSE;
    return clauses;
}

static void fork_team(call *it)
{
    const fl_kmpc_state clauses = take_clauses();
    fl_omp_fork(fl_kmpc_run_region, it, clauses.threads, (unsigned)clauses.bind, NULL);
    fl_kmpc_run_region(it);
    fl_omp_join();
}

FL_OMP_ENTRY(void, __kmpc_fork_call, fl_kmpc_ident *at, int32_t count, fl_kmpc_region *region, ...)
{
    (void)at;
    va_list list;
    va_start(list, region);
    with(count, region, list, fork_team);
    va_end(list);
}

FL_OMP_ENTRY(void, __kmpc_serialized_parallel, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    take_clauses();
    fl_omp_fork(NULL, NULL, 1, 0, NULL);
}

FL_OMP_ENTRY(void, __kmpc_end_serialized_parallel, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    fl_omp_join();
}

/* One variable, which is a struct of all; parallel: the clause `if`. */
FL_OMP_ENTRY(void, __kmpc_fork_call_if, fl_kmpc_ident *at, int32_t count, fl_kmpc_region *region,
             int32_t parallel, void *variable)
{
    if (parallel) {
        __kmpc_fork_call(at, count, region, variable);
        return;
    }
    int32_t thread = fl_kmpc_thread(), bound = 0;
    __kmpc_serialized_parallel(at, thread);
    region(&thread, &bound, variable);
    __kmpc_end_serialized_parallel(at, thread);
}

FL_OMP_ENTRY(void, __kmpc_push_num_threads, fl_kmpc_ident *at, int32_t thread, int32_t threads)
{
    (void)at, (void)thread;
    fl_kmpc_here.threads = threads > 0 ? (unsigned)threads : 0;
}

/* With a message where the team gets fewer: none is promised. */
FL_OMP_ENTRY(void, __kmpc_push_num_threads_strict, fl_kmpc_ident *at, int32_t thread,
             int32_t threads, int severity, const char *message)
{
    (void)severity, (void)message;
    __kmpc_push_num_threads(at, thread, threads);
}

FL_OMP_ENTRY(void, __kmpc_pop_num_threads, fl_kmpc_ident *at, int32_t thread)
{
    __kmpc_push_num_threads(at, thread, 0);
}

/* clang's numbers are those of omp_proc_bind_t, and 5 for `primary` in some versions. */
FL_OMP_ENTRY(void, __kmpc_push_proc_bind, fl_kmpc_ident *at, int32_t thread, int bind)
{
    enum { PRIMARY = 5 };
    (void)at, (void)thread;
    if (bind == PRIMARY)
        bind = FL_OMP_BIND_PRIMARY;
    fl_kmpc_here.bind =
        bind >= FL_OMP_BIND_FALSE && bind <= FL_OMP_BIND_SPREAD ? bind : FL_OMP_BIND_FALSE;
}

/* ---- Leagues ---- */

static void fork_teams(call *it)
{
    const fl_kmpc_state clauses = take_clauses();
    GOMP_teams_reg(fl_kmpc_run_region, it, clauses.teams, clauses.limit, 0);
}

FL_OMP_ENTRY(void, __kmpc_fork_teams, fl_kmpc_ident *at, int32_t count, fl_kmpc_region *region, ...)
{
    (void)at;
    va_list list;
    va_start(list, region);
    with(count, region, list, fork_teams);
    va_end(list);
}

FL_OMP_ENTRY(void, __kmpc_push_num_teams, fl_kmpc_ident *at, int32_t thread, int32_t teams,
             int32_t limit)
{
    (void)at, (void)thread;
    fl_kmpc_here.teams = teams > 0 ? (unsigned)teams : 0;
    fl_kmpc_here.limit = limit > 0 ? (unsigned)limit : 0;
}

FL_OMP_ENTRY(void, __kmpc_push_num_teams_51, fl_kmpc_ident *at, int32_t thread, int32_t least,
             int32_t most, int32_t limit)
{
    __kmpc_push_num_teams(at, thread, most > 0 ? most : least, limit);
}

/* Of a target construct: for the regions of the calling task. */
FL_OMP_ENTRY(void, __kmpc_set_thread_limit, fl_kmpc_ident *at, int32_t thread, int32_t limit)
{
    (void)at, (void)thread;
    if (limit > 0)
        fl_omp_icv_own()->thread_limit = (unsigned)limit;
}

/* ---- master, masked ---- */

FL_OMP_ENTRY(int32_t, __kmpc_masked, fl_kmpc_ident *at, int32_t thread, int32_t filter)
{
    (void)at, (void)thread;
    return (int32_t)fl_omp_here()->number == filter;
}

FL_OMP_ENTRY(int32_t, __kmpc_master, fl_kmpc_ident *at, int32_t thread)
{
    return __kmpc_masked(at, thread, 0);
}

FL_OMP_ENTRY(void, __kmpc_end_masked, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
}

FL_OMP_ENTRY(void, __kmpc_end_master, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
}

FL_OMP_ENTRY(void, __kmpc_begin, fl_kmpc_ident *at, int32_t flags)
{
    (void)at, (void)flags;
}

FL_OMP_ENTRY(void, __kmpc_end, fl_kmpc_ident *at)
{
    (void)at;
}
