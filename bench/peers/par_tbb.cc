// SPDX-License-Identifier: MIT OR Apache-2.0
//
// oneTBB, with its default partitioner.
#include "../kernels/par/par.h"
#include "../kernels/par/wakes.h"
#include "peer.h"
#include "tbb_place.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_scan.h>
#include <tbb/parallel_sort.h>

typedef tbb::blocked_range<size_t> range;

static void *open_arena(unsigned workers)
{
    return new tbb_place(workers);
}

template <typename F> static void inside(void *where, const F &work)
{
    static_cast<tbb_place *>(where)->arena.execute(work);
}

static void run_for(void *where, kernel_run *run)
{
    const par_scale *d = static_cast<par_scale *>(run->data);
    float *x = d->x, a = d->a, b = d->b;
    inside(where, [=] {
        tbb::parallel_for(range(0, d->n), [=](const range &r) {
            for (size_t i = r.begin(); i < r.end(); i++)
                x[i] = x[i] * a + b;
        });
    });
}

static void run_mandelbrot(void *where, kernel_run *run)
{
    const par_rows *d = static_cast<par_rows *>(run->data);
    inside(where, [=] {
        tbb::parallel_for(size_t{0}, d->n,
                          [=](size_t i) { d->counts[i] = par_mandelbrot_row(i, d->n); });
    });
}

static void run_triangle(void *where, kernel_run *run)
{
    const par_rows *d = static_cast<par_rows *>(run->data);
    inside(where, [=] {
        tbb::parallel_for(size_t{0}, d->n, [=](size_t i) { d->counts[i] = par_triangle_row(i); });
    });
}

static void run_bodies(void *where, kernel_run *run)
{
    const par_rows *d = static_cast<par_rows *>(run->data);
    inside(where, [=] {
        tbb::parallel_for(range(0, d->n), [=](const range &r) {
            for (size_t i = r.begin(); i < r.end(); i++)
                d->counts[i] = par_steps(i, d->steps);
        });
    });
}

static void run_reduce(void *where, kernel_run *run)
{
    par_sum *d = static_cast<par_sum *>(run->data);
    const double *x = d->x;
    inside(where, [=] {
        d->sum = tbb::parallel_reduce(
            range(0, d->n), 0.0,
            [=](const range &r, double sum) {
                for (size_t i = r.begin(); i < r.end(); i++)
                    sum += x[i];
                return sum;
            },
            [](double left, double right) { return left + right; });
    });
}

static void run_scan(void *where, kernel_run *run)
{
    const par_prefix *d = static_cast<par_prefix *>(run->data);
    const long *in = d->in;
    long *out = d->out;
    inside(where, [=] {
        tbb::parallel_scan(
            range(0, d->n), 0L,
            [=](const range &r, long sum, bool is_final) {
                if (is_final)
                    for (size_t i = r.begin(); i < r.end(); i++)
                        out[i] = sum += in[i];
                else
                    for (size_t i = r.begin(); i < r.end(); i++)
                        sum += in[i];
                return sum;
            },
            [](long left, long right) { return left + right; });
    });
}

static void run_sort(void *where, kernel_run *run)
{
    const par_keys *d = static_cast<par_keys *>(run->data);
    inside(where, [=] { tbb::parallel_sort(d->keys, d->keys + d->n); });
}

static void submit_note(void *where, wake_note *note)
{
    static_cast<tbb_place *>(where)->arena.enqueue([note] { wake_start(note); });
}

static void run_wake(void *where, kernel_run *run)
{
    wakes_run(run, submit_note, where);
}

static const peer_kernel kernels_here[] = {
    {"for", run_for},           {"mandelbrot", run_mandelbrot},
    {"triangle", run_triangle}, {"for-100ns", run_bodies},
    {"for-1us", run_bodies},    {"for-10us", run_bodies},
    {"reduce", run_reduce},     {"scan", run_scan},
    {"sort", run_sort},         {"radix", run_sort},
    {"wake", run_wake},         {nullptr, nullptr},
};

extern "C" {
extern const peer peer_tbb;
const peer peer_tbb = {"tbb", open_arena, kernels_here};
}
