/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/thread.h>

#include <runtime/openmp/memory.h>
#include <runtime/openmp/names.h>
#include <runtime/openmp/openmp.h>
#include <runtime/openmp/task.h>

#include <pthread.h>
#include <stdlib.h>

__thread fl_omp_thread fl_omp_this FL_OMP_TLS;

/* On the heap, since dlopen has room for some 1,600 bytes of variables of threads, for all libraries together. */
typedef struct alone {
    fl_omp_team team;
    fl_omp_task task;
} alone;
static __thread alone *own FL_OMP_TLS;
static pthread_key_t ending;
static bool keyed;

static void thread_ended(void *unused)
{
    (void)unused;
    fl_omp_dissolve_all();
    fl_omp_free_regions();
    fl_omp_task_end(&own->task);
    fl_omp_shares_clear(&own->team.shares);
    free(own);
    own = NULL;
    fl_omp_this.team = NULL; /* a later destructor begins anew */
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

__attribute__((constructor)) static void load(void)
{
    fl_omp_names = is_set("FILCH_TRACE") || is_set("FILCH_SHARE") || is_set("FILCH_DEADLOCK") ||
                   is_set("FILCH_VIRTUAL");
    fl_omp_read_environment();
    keyed = pthread_key_create(&ending, thread_ended) == 0;
    pthread_atfork(NULL, NULL, fl_omp_forget_all);
}

/* Traces get their ends. Where the process ends within a region, its threads go on until then. The schedule of FILCH_VIRTUAL
 * has ended before. */
__attribute__((destructor)) static void unload(void)
{
    if (fl_omp_names && !is_set("FILCH_VIRTUAL"))
        fl_omp_pause();
}

void fl_omp_enter(void)
{
    if (!own)
        own = fl_omp_allocate(sizeof *own);
    fl_omp_team *team = &own->team;
    team->size = 1;
    team->serving = &team->serving_own;
    if (!team->shares.ring && fl_omp_shares_init(&team->shares, 1))
        fl_omp_out_of_memory(sizeof(void *));
    fl_omp_shares_begin(&team->shares, 0);
    own->task = (fl_omp_task){.icv = &fl_omp_initial_icv, .implicit = true};
    team->icv = &fl_omp_initial_icv;
    fl_omp_this.team = team;
    fl_omp_this.number = 0;
    fl_omp_this.task = &own->task;
    fl_omp_sharing_begin(&fl_omp_this);
    if (keyed)
        pthread_setspecific(ending, own);
}
