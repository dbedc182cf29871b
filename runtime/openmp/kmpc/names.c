/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names of tasks and regions in traces: those of the functions that clang has made of the constructs. A task
 * that is released by the end of another one has the common name. */
#include <runtime/openmp/names.h>

#include <runtime/openmp/kmpc/task.h>
#include <runtime/openmp/team.h>

typedef void any_fn(void);

static fl_omp_fn *stands_for(fl_omp_fn *fn)
{
    if (fn == fl_kmpc_run_task) {
        const fl_kmpc_task *created = fl_kmpc_here.created;
        return created ? (fl_omp_fn *)(any_fn *)created->fn : NULL;
    }
    if (fn == fl_kmpc_run_region) {
        const fl_omp_hot *hot = fl_omp_this.team->state;
        return (fl_omp_fn *)(any_fn *)fl_kmpc_region_of(hot->data);
    }
    return fn;
}

__attribute__((constructor)) static void load(void)
{
    fl_omp_stands_for = stands_for;
}
