/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/par/site.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

filch_runtime *par_runtime(unsigned workers)
{
    filch_runtime *rt;
    filch_config config = {.size = sizeof config, .workers = workers, .stack_size = 1 << 20};
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

size_t par_size(uint64_t *state, size_t most)
{
    if (BUILD_TSAN || BUILD_ASAN || BUILD_TINY)
        most = most / 10 + 1;
    size_t below = (size_t)1 << par_random(state) % 21;
    size_t size = (size_t)par_random(state) % below;
    return size < most ? size : size % most;
}

void par_teach(filch_for_fn *body, size_t n, uint64_t ns)
{
    const void *site = (const void *)(uintptr_t)body;
    const fl_lesson_call call = {.n = n ? n : 1, .worked = (n ? n : 1) * ns};
    fl_lesson lesson = {.tag = fl_site_recall(site, n).tag};
    fl_lesson_learn(&lesson, &call);
    fl_site_keep(site, n, lesson);
}

int par_await_helper(filch_self self, size_t begin, size_t end, void *arg)
{
    filch_u32 *upper = arg;
    for (; begin < end; begin++) {
        if (begin >= 48)
            filch_u32_store(upper, 1, FILCH_RELAXED);
        for (unsigned turn = 0; begin == 0 && !filch_u32_load(upper, FILCH_RELAXED); turn++)
            be_patient(turn);
    }
    return 0;
}
