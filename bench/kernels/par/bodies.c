/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops with equal iterations of 0.1, 1 and 10 us. They show from which length on a loop gains from
 * more workers, and what its distribution costs. */
#include "../kernel.h"
#include "par.h"

#include <filch/for.h>

#ifdef KERNEL_AS_SERIAL
static int bodies(size_t begin, size_t end, long steps, uint32_t *counts)
{
    for (size_t i = begin; i < end; i++)
        counts[i] = par_steps(i, steps);
    return 0;
}
#else
FILCH_FOR(bodies, i, (long, steps), (uint32_t *, counts))
{
    counts[i] = par_steps(i, steps);
}
#endif

static void run_bodies(void *place, kernel_run *run)
{
    par_rows *d = run->data;
    par_expect(RUN(place, bodies, 0, d->n, d->steps, d->counts));
}

/* The sizes: iterations and answers. */
#define BODIES_KERNEL(name_, title, time, steps, ...)                                              \
    static int setup_##name_(kernel_run *run)                                                      \
    {                                                                                              \
        return par_rows_setup(run, steps);                                                         \
    }                                                                                              \
    const kernel KERNEL(name_) = {                                                                 \
        .name = title,                                                                             \
        .what = "parallel loop: equal iterations of " time " at 3 GHz",                            \
        .source = "xorshift steps, Marsaglia 2003",                                                \
        .quick_unless_asked = true,                                                                \
        .shown = KERNEL_WITH_ALL,                                                                  \
        .sizes = __VA_ARGS__,                                                                      \
        .bytes_each = sizeof(uint32_t),                                                            \
        .setup = setup_##name_,                                                                    \
        .prepare = par_rows_prepare,                                                               \
        .run = run_bodies,                                                                         \
        .finish = par_rows_finish,                                                                 \
        .teardown = data_teardown,                                                                 \
    }
BODIES_KERNEL(for_100ns, "for-100ns", "0.1 us", 50,
              {{"3000", 3000, 9661792055045446u, 0},
               {"200,000", 200000, 6056801518710672464u, 0},
               {"2,000,000", 2000000, 15327917828075572128u, 0}});
BODIES_KERNEL(for_1us, "for-1us", "1 us", 500,
              {{"300", 300, 96134560488524u, 0},
               {"20,000", 20000, 429479356007132424u, 0},
               {"200,000", 200000, 6056780276666890832u, 0}});
BODIES_KERNEL(for_10us, "for-10us", "10 us", 5000,
              {{"30", 30, 1029408011761u, 0},
               {"2000", 2000, 4294839313978084u, 0},
               {"20,000", 20000, 429526797002294280u, 0}});
