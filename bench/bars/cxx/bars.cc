// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Bar: the C++ interface against the C macros, one worker; fib also against other C++ libraries,
// each on one thread. Built by g++ and by clang++. usage: bar-cxx-... [options of measure.h];
// --size N: of fib(N)
#include "../measure.h"
#include "../runtimes.h"
#include "sides.h"

#include <cstddef>

namespace
{

#ifdef __clang__
#define COMPILER "clang++"
const double throws_most = 1.9, noexcept_most = 1.9;
#else
#define COMPILER "g++"
const double throws_most = 1.7, noexcept_most = 1.1;
#endif

struct row {
    const char *name;
    enum cxx_work work;
    measure_bound bound;
    double most; // times the macros
} const rows[] = {
    {"fib, noexcept", CXX_FIB, MEASURE_AT_MOST, noexcept_most},
    {"fib, may throw", CXX_FIB_THROW, MEASURE_AT_MOST, throws_most},
    {"fib, captures by reference", CXX_FIB_REFER, MEASURE_REPORTED, 0},
    {"for_each", CXX_FOR, MEASURE_AT_MOST, 1.05},
    {"transform_reduce", CXX_DOT, MEASURE_AT_MOST, 1.05},
    {"sort", CXX_SORT, MEASURE_AT_MOST, 1.05},
};

struct job {
    filch_runtime *rt;
    cxx_run *run; // or, outside of tasks,
    void (*peer)(cxx_data *data);
    enum cxx_work work;
    cxx_data *data;
    double seconds;
};

FILCH_VOID_TASK(timed, (job *, one))
{
    double from = measure_now();
    one->run(self, one->work, one->data);
    one->seconds = measure_now() - from;
}

void fill(cxx_data *data)
{
    uint32_t state = 1;
    for (int i = 0; i < CXX_KEYS; i++)
        data->keys[i] = state = state * 1664525 + 1013904223;
    for (int i = 0; i < CXX_ITEMS; i++) {
        data->x[i] = static_cast<float>(i);
        data->y[i] = 1 + i % 3;
        data->z[i] = i % 5;
    }
}

double once(void *context)
{
    auto *one = static_cast<job *>(context);
    fill(one->data);
    if (one->peer) {
        double from = measure_now();
        one->peer(one->data);
        return measure_now() - from;
    }
    FILCH_RUN(one->rt, timed, one);
    return one->seconds;
}

// Measures two or three sides; all answers have to be the same.
struct race {
    measure_arm arms[3];
    job jobs[3];
    int count = 0;

    void add(const char *name, const job &one)
    {
        jobs[count] = one;
        arms[count].name = name;
        arms[count].once = once;
        arms[count].context = &jobs[count];
        count++;
    }

    void run(const char *what, const measure_options *options)
    {
        double answer = 0;
        for (int i = 0; i < count; i++) {
            once(&jobs[i]);
            measure_expect(i == 0 || jobs[i].data->answer == answer, "the sides' answers differ");
            answer = jobs[i].data->answer;
        }
        measure_interleaved(arms, count, options->repeat);
        for (int i = 0; i < count; i++)
            measure_show(what, &arms[i], 1e3, "ms", options->repeat);
    }
};

bool judge_row(filch_runtime *rt, const row &one, cxx_data *data, const measure_options *options)
{
    static race r;
    r.count = 0;
    r.add("C++", {rt, cxx_run_ours, nullptr, one.work, data, 0});
    r.add("C macros", {rt, cxx_run_macros, nullptr, one.work, data, 0});
    r.run(one.name, options);
    return measure_judge(measure_text("%s by %s: C++ / C macros", one.name, COMPILER),
                         measure_ratio(&r.arms[0], &r.arms[1], 1, options->repeat), one.bound,
                         one.most);
}

bool judge_peer(filch_runtime *rt, const char *name, void (*peer)(cxx_data *), cxx_data *data,
                const measure_options *options)
{
    static race r;
    cxx_data smaller = *data;
    smaller.n -= 5;
    r.count = 0;
    r.add("C++", {rt, cxx_run_ours, nullptr, CXX_FIB_THROW, &smaller, 0});
    r.add(name, {rt, nullptr, peer, CXX_FIB_THROW, &smaller, 0});
    r.run("fib, may throw", options);
    return measure_judge(measure_text("fib by %s: %s / C++ that may throw", COMPILER, name),
                         measure_ratio(&r.arms[1], &r.arms[0], 1, options->repeat),
                         MEASURE_AT_LEAST, 5);
}

} // namespace

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 30, "N, of fib(N)");
    filch_runtime *rt = runtime_of(1, nullptr);
    static float x[CXX_ITEMS];
    static double y[CXX_ITEMS], z[CXX_ITEMS];
    static uint32_t keys[CXX_KEYS];
    cxx_data data = {static_cast<int>(options.size), x, 0.5f, 1, y, z, keys, 0};
    const struct {
        const char *name;
        void (*peer)(cxx_data *);
    } peers[] = {{"oneTBB", cxx_run_tbb}, {"Taskflow", cxx_run_taskflow}};
    bool reached = true;
    for (const row &one : rows)
        if (measure_wanted(&options, one.name))
            reached = judge_row(rt, one, &data, &options) && reached;
    for (const auto &one : peers) {
        if (!measure_wanted(&options, one.name))
            continue;
        if (one.peer)
            reached = judge_peer(rt, one.name, one.peer, &data, &options) && reached;
        else
            printf("  %s was not found: not compared\n", one.name);
    }
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
