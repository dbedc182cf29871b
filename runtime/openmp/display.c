/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * OMP_DISPLAY_ENV: the initial ICVs, in the layout of libgomp. */
#include <runtime/openmp/display.h>

#include <runtime/openmp/affinity.h>
#include <runtime/openmp/openmp.h>

#include <limits.h>
#include <stdio.h>

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
