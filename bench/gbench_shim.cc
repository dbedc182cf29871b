// SPDX-License-Identifier: MIT OR Apache-2.0
#include "gbench_shim.h"

#include <benchmark/benchmark.h>

// A shim_state is a benchmark::State under another name, a shim_benchmark an internal::Benchmark.
static benchmark::State *real(shim_state *state)
{
    return reinterpret_cast<benchmark::State *>(state);
}

static const benchmark::State *real(const shim_state *state)
{
    return reinterpret_cast<const benchmark::State *>(state);
}

static benchmark::internal::Benchmark *real(shim_benchmark *b)
{
    return reinterpret_cast<benchmark::internal::Benchmark *>(b);
}

shim_benchmark *shim_register(const char *name, shim_function *function)
{
    auto *b = benchmark::RegisterBenchmark(name, [function](benchmark::State &state) {
        function(reinterpret_cast<shim_state *>(&state));
    });
    return reinterpret_cast<shim_benchmark *>(b);
}

void shim_argument(shim_benchmark *b, int64_t value)
{
    real(b)->Arg(value);
}

void shim_use_manual_time(shim_benchmark *b)
{
    real(b)->UseManualTime();
}

void shim_use_real_time(shim_benchmark *b)
{
    real(b)->UseRealTime();
}

bool shim_keep_running(shim_state *state)
{
    return real(state)->KeepRunning();
}

bool shim_keep_running_batch(shim_state *state, int64_t count)
{
    return real(state)->KeepRunningBatch(count);
}

void shim_set_seconds(shim_state *state, double seconds)
{
    real(state)->SetIterationTime(seconds);
}

void shim_pause(shim_state *state)
{
    real(state)->PauseTiming();
}

void shim_resume(shim_state *state)
{
    real(state)->ResumeTiming();
}

int64_t shim_range(const shim_state *state)
{
    return real(state)->range(0);
}

int64_t shim_iterations(const shim_state *state)
{
    return static_cast<int64_t>(real(state)->iterations());
}

void shim_counter(shim_state *state, const char *name, double value)
{
    real(state)->counters[name] = value;
}

void shim_label(shim_state *state, const char *text)
{
    real(state)->SetLabel(text);
}

void shim_fail(shim_state *state, const char *why)
{
    real(state)->SkipWithError(why);
}

int shim_main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
