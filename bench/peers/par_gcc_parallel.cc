// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The parallel mode of gcc's C++ library, as -D_GLIBCXX_PARALLEL would choose its algorithms.
#include "../kernels/par/par.h"
#include "peer.h"

#include <omp.h>
#include <parallel/algorithm>
#include <parallel/numeric>

static void *open_team(unsigned workers)
{
    static char team;
    omp_set_dynamic(0);
    omp_set_num_threads((int)workers);
    return &team;
}

static void run_for(void *, kernel_run *run)
{
    const par_scale *d = static_cast<par_scale *>(run->data);
    float a = d->a, b = d->b;
    __gnu_parallel::for_each(d->x, d->x + d->n, [=](float &x) { x = x * a + b; });
}

static void run_reduce(void *, kernel_run *run)
{
    par_sum *d = static_cast<par_sum *>(run->data);
    d->sum = __gnu_parallel::accumulate(d->x, d->x + d->n, 0.0);
}

static void run_scan(void *, kernel_run *run)
{
    const par_prefix *d = static_cast<par_prefix *>(run->data);
    __gnu_parallel::partial_sum(d->in, d->in + d->n, d->out);
}

static void run_sort(void *, kernel_run *run)
{
    const par_keys *d = static_cast<par_keys *>(run->data);
    __gnu_parallel::sort(d->keys, d->keys + d->n);
}

static const peer_kernel kernels_here[] = {
    {"for", run_for},   {"reduce", run_reduce}, {"scan", run_scan},
    {"sort", run_sort}, {"radix", run_sort},    {nullptr, nullptr},
};

extern "C" {
extern const peer peer_gcc_parallel;
const peer peer_gcc_parallel = {"gcc-parallel", open_team, kernels_here};
}
