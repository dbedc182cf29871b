/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The functions that read and set internal control variables. Those that programs call in inner
 * loops, such as omp_get_thread_num, are some loads of thread-local data. */
#include <runtime/openmp/query.h>

#include <runtime/openmp/affinity.h>
#include <runtime/openmp/openmp.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A function without arguments that returns an expression. */
#define GETTER(name, expression)                                                                   \
    int omp_##name(void)                                                                           \
    {                                                                                              \
        return (int)(expression);                                                                  \
    }
/* A function with an int, `value`. */
#define SETTER(name, statement)                                                                    \
    void omp_##name(int value)                                                                     \
    {                                                                                              \
        statement;                                                                                 \
    }

static unsigned to_int(unsigned number)
{
    return number > INT_MAX ? INT_MAX : number;
}

/* ---- Teams and threads ---- */

GETTER(get_thread_num, fl_omp_here()->number)
GETTER(get_num_threads, fl_omp_here()->team->size)
GETTER(in_parallel, fl_omp_here()->team->active_level > 0)
GETTER(get_level, fl_omp_here()->team->level)
GETTER(get_active_level, fl_omp_here()->team->active_level)
GETTER(get_num_procs, fl_omp_globals.processors)
GETTER(get_supported_active_levels, FL_OMP_LEVELS)
GETTER(in_final, fl_omp_here()->task->final)
GETTER(in_explicit_task, !fl_omp_here()->task->implicit)

typedef struct ancestor {
    const fl_omp_team *team; /* NULL: there is no such level */
    unsigned number;
} ancestor;

/* The team of that level that the calling thread works for, and the number of its member there. */
static ancestor ancestor_of(int level)
{
    const fl_omp_thread *thread = fl_omp_here();
    ancestor up = {thread->team, thread->number};
    if (level < 0 || level > (int)up.team->level)
        return (ancestor){NULL, 0};
    while ((int)up.team->level > level)
        up = (ancestor){up.team->outer, up.team->outer_number};
    return up;
}

int omp_get_ancestor_thread_num(int level)
{
    const ancestor up = ancestor_of(level);
    return up.team ? (int)up.number : -1;
}

int omp_get_team_size(int level)
{
    const ancestor up = ancestor_of(level);
    return up.team ? (int)up.team->size : -1;
}

/* ---- ICVs ---- */

GETTER(get_max_threads, fl_omp_icv_here()->threads)
GETTER(get_dynamic, fl_omp_icv_here()->dynamic)
GETTER(get_nested, fl_omp_icv_here()->max_active_levels > 1)
GETTER(get_thread_limit, to_int(fl_omp_icv_here()->thread_limit))
GETTER(get_max_active_levels, fl_omp_icv_here()->max_active_levels)
GETTER(get_cancellation, fl_omp_globals.cancellation)
GETTER(get_proc_bind, fl_omp_icv_here()->bind)
GETTER(get_max_task_priority, fl_omp_globals.max_task_priority)
GETTER(get_max_teams, fl_omp_globals.teams)
GETTER(get_teams_thread_limit, fl_omp_globals.teams_limit)
GETTER(get_num_teams, fl_omp_icv_here()->teams ? fl_omp_icv_here()->teams : 1)
GETTER(get_team_num, fl_omp_icv_here()->team)

SETTER(set_num_threads, fl_omp_icv_own()->threads = value > 0 ? (unsigned)value : 1)
SETTER(set_dynamic, fl_omp_icv_own()->dynamic = value)
SETTER(set_num_teams, if (value >= 0) fl_omp_globals.teams = (unsigned)value)
SETTER(set_teams_thread_limit, if (value >= 0) fl_omp_globals.teams_limit = (unsigned)value)
SETTER(display_env, fl_omp_display_environment(value))

void omp_set_max_active_levels(int value)
{
    if (value >= 0)
        fl_omp_icv_own()->max_active_levels =
            (unsigned char)(value < FL_OMP_LEVELS ? value : FL_OMP_LEVELS);
}

void omp_set_nested(int value)
{
    if (value || omp_get_max_active_levels() > 1)
        omp_set_max_active_levels(value ? FL_OMP_LEVELS : 1);
}

/* An unknown kind is ignored. */
void omp_set_schedule(unsigned kind, int chunk)
{
    const int plain = (int)(kind & ~FL_OMP_MONOTONIC);
    if (plain < FL_OMP_STATIC || plain > FL_OMP_AUTO)
        return;
    fl_omp_schedule *schedule = &fl_omp_icv_own()->schedule;
    schedule->kind = plain;
    schedule->monotonic = kind & FL_OMP_MONOTONIC;
    if (plain != FL_OMP_AUTO)
        schedule->chunk = chunk > 0 ? chunk : plain != FL_OMP_STATIC;
}

void omp_get_schedule(unsigned *kind, int *chunk)
{
    const fl_omp_schedule *schedule = &fl_omp_icv_here()->schedule;
    *kind = (unsigned)schedule->kind | (schedule->monotonic ? FL_OMP_MONOTONIC : 0);
    *chunk = schedule->chunk;
}

/* ---- Time ---- */

/* Of the monotonic clock. */
static double seconds(int (*read)(clockid_t clock, struct timespec *time))
{
    struct timespec time;
    if (read(CLOCK_MONOTONIC, &time))
        return 0;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double omp_get_wtime(void)
{
    return seconds(clock_gettime);
}

double omp_get_wtick(void)
{
    return seconds(clock_getres);
}

/* ---- Places ---- */

static fl_omp_spot spot(void)
{
    fl_omp_spot found = {0, 0, 0};
    fl_omp_spot_here(&found);
    return found;
}

GETTER(get_num_places, fl_omp_places_count())
GETTER(get_place_num, fl_omp_places_count() ? (int)spot().place : -1)
GETTER(get_partition_num_places, spot().count)

static bool is_place(int number)
{
    return number >= 0 && (unsigned)number < fl_omp_places_count();
}

int omp_get_place_num_procs(int number)
{
    if (!is_place(number))
        return 0;
    const struct fl_affinity *place = fl_omp_place((unsigned)number);
    return CPU_COUNT_S(place->size, place->set);
}

void omp_get_place_proc_ids(int number, int *ids)
{
    if (!is_place(number))
        return;
    const struct fl_affinity *place = fl_omp_place((unsigned)number);
    for (int cpu = 0; cpu < (int)place->size * 8; cpu++)
        if (fl_affinity_allows(place, cpu))
            *ids++ = cpu;
}

void omp_get_partition_place_nums(int *places)
{
    const fl_omp_spot found = spot();
    for (unsigned i = 0; i < found.count; i++)
        places[i] = (int)(found.first + i);
}

/* ---- Affinity formats ---- */

/* As snprintf, and like it returns the length of the whole. */
static size_t copy_text(char *to, size_t size, const char *text)
{
    const size_t length = strlen(text);
    if (size) {
        const size_t fits = length < size ? length : size - 1;
        memcpy(to, text, fits);
        to[fits] = '\0';
    }
    return length;
}

void omp_set_affinity_format(const char *format)
{
    fl_omp_affinity_format_set(format, strlen(format));
}

size_t omp_get_affinity_format(char *text, size_t size)
{
    return copy_text(text, size, fl_omp_affinity_format());
}

void omp_display_affinity(const char *format)
{
    fl_omp_affinity_show(format);
}

size_t omp_capture_affinity(char *text, size_t size, const char *format)
{
    char *whole = fl_omp_affinity_text(format);
    const size_t length = copy_text(text, size, whole);
    free(whole);
    return length;
}

/* ---- Devices: the host is the only one, and has number 0. ---- */

GETTER(get_num_devices, 0)
GETTER(get_device_num, 0)
GETTER(get_initial_device, 0)
GETTER(is_initial_device, 1)
GETTER(get_default_device, fl_omp_icv_here()->default_device)
SETTER(set_default_device, fl_omp_icv_own()->default_device = value < 0 ? 0 : value)

int omp_pause_resource(int kind, int device)
{
    (void)kind;
    return device == 0 && fl_omp_pause() ? 0 : -1;
}

int omp_pause_resource_all(int kind)
{
    return omp_pause_resource(kind, 0);
}

/* ---- OMP_DISPLAY_ENV ---- */

/* OMP_DISPLAY_ENV: the initial ICVs, in the layout of libgomp. */

const fl_omp_word fl_omp_allocator_words[] = {
    {"omp_default_mem_alloc", 1}, {"omp_large_cap_mem_alloc", 2}, {"omp_const_mem_alloc", 3},
    {"omp_high_bw_mem_alloc", 4}, {"omp_low_lat_mem_alloc", 5},   {"omp_cgroup_mem_alloc", 6},
    {"omp_pteam_mem_alloc", 7},   {"omp_thread_mem_alloc", 8},    {NULL, 0}};

static const char *const bindings[] = {"FALSE", "TRUE", "MASTER", "CLOSE", "SPREAD"};
static const char *const schedules[] = {"", "STATIC", "DYNAMIC", "GUIDED", "AUTO"};
static const char *const offloads[] = {"DEFAULT", "MANDATORY", "DISABLED"};

static void put(const char *name, const char *value)
{
    fprintf(stderr, "  %s = '%s'\n", name, value);
}

static void put_number(const char *name, unsigned long value)
{
    fprintf(stderr, "  %s = '%lu'\n", name, value);
}

static void put_boolean(const char *name, bool value)
{
    put(name, value ? "TRUE" : "FALSE");
}

static void put_threads(void)
{
    fprintf(stderr, "  OMP_NUM_THREADS = '%u", fl_omp_initial_icv.threads);
    for (unsigned i = 1; i < fl_omp_globals.threads_listed; i++)
        fprintf(stderr, ",%u", fl_omp_globals.threads_list[i]);
    fputs("'\n", stderr);
}

/* A modifier is shown where it is not the default of its kind. */
static void put_schedule(void)
{
    const fl_omp_schedule *schedule = &fl_omp_initial_icv.schedule;
    const bool is_static = schedule->kind == FL_OMP_STATIC;
    const char *modifier = "";
    if (schedule->monotonic && !is_static)
        modifier = "MONOTONIC:";
    else if (is_static && fl_omp_globals.schedule_nonmonotonic)
        modifier = "NONMONOTONIC:";
    fprintf(stderr, "  OMP_SCHEDULE = '%s%s", modifier, schedules[schedule->kind]);
    if (schedule->chunk != !is_static)
        fprintf(stderr, ",%d", schedule->chunk);
    fputs("'\n", stderr);
}

static void put_binding(void)
{
    fprintf(stderr, "  OMP_PROC_BIND = '%s", bindings[fl_omp_initial_icv.bind]);
    for (unsigned i = 1; i < fl_omp_globals.bind_listed; i++)
        fprintf(stderr, ",%s", bindings[fl_omp_globals.bind_list[i]]);
    fputs("'\n", stderr);
}

/* Runs of CPUs as {first:length}. */
static void put_place(const struct fl_affinity *place)
{
    const int most = (int)place->size * 8;
    const char *before = "{";
    for (int cpu = 0; cpu < most; cpu++) {
        int length = 0;
        while (cpu + length < most && CPU_ISSET_S((size_t)(cpu + length), place->size, place->set))
            length++;
        if (!length)
            continue;
        fprintf(stderr, "%s%d", before, cpu);
        if (length > 1)
            fprintf(stderr, ":%d", length);
        before = ",";
        cpu += length;
    }
    fputc('}', stderr);
}

static void put_places(void)
{
    fputs("  OMP_PLACES = '", stderr);
    for (unsigned i = 0; i < fl_omp_places_count(); i++) {
        if (i)
            fputc(',', stderr);
        put_place(fl_omp_place(i));
    }
    fputs("'\n", stderr);
}

static const char *allocator_name(void)
{
    for (const fl_omp_word *word = fl_omp_allocator_words; word->text; word++)
        if (word->value == (int)(intptr_t)fl_omp_initial_icv.allocator)
            return word->text;
    return "";
}

/* Without GOMP_SPINCOUNT: the default of libgomp. */
static unsigned long spins(void)
{
    const long long given = fl_omp_globals.spins;
    if (given >= 0)
        return given == LLONG_MAX ? ULONG_MAX : (unsigned long)given;
    if (fl_omp_globals.passive)
        return 0;
    return fl_omp_globals.active ? 30000000000UL : 300000;
}

void fl_omp_display_environment(bool verbose)
{
    const fl_omp_icv *icv = &fl_omp_initial_icv;
    const fl_omp_global *all = &fl_omp_globals;
    flockfile(stderr);
    fputs("\nOPENMP DISPLAY ENVIRONMENT BEGIN\n", stderr);
    put("_OPENMP", "201511");
    put_boolean("OMP_DYNAMIC", icv->dynamic);
    put_boolean("OMP_NESTED", icv->max_active_levels > 1);
    put_threads();
    put_schedule();
    put_binding();
    put_places();
    put_number("OMP_STACKSIZE", all->stack_size);
    put("OMP_WAIT_POLICY", all->active ? "ACTIVE" : "PASSIVE");
    put_number("OMP_THREAD_LIMIT", all->thread_limit);
    put_number("OMP_MAX_ACTIVE_LEVELS", icv->max_active_levels);
    put_number("OMP_NUM_TEAMS", all->teams);
    put_number("OMP_TEAMS_THREAD_LIMIT", all->teams_limit);
    put_boolean("OMP_CANCELLATION", all->cancellation);
    put_number("OMP_DEFAULT_DEVICE", (unsigned long)icv->default_device);
    put_number("OMP_MAX_TASK_PRIORITY", (unsigned long)all->max_task_priority);
    put_boolean("OMP_DISPLAY_AFFINITY", all->display_affinity);
    put("OMP_AFFINITY_FORMAT", fl_omp_affinity_format());
    put("OMP_ALLOCATOR", allocator_name());
    put("OMP_TARGET_OFFLOAD", offloads[all->offload]);
    if (verbose) {
        put("GOMP_CPU_AFFINITY", "");
        put_number("GOMP_STACKSIZE", all->stack_size);
        put_number("GOMP_SPINCOUNT", spins());
    }
    fputs("OPENMP DISPLAY ENVIRONMENT END\n", stderr);
    funlockfile(stderr);
}
