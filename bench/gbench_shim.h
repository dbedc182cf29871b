/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * google-benchmark for benchmarks written in C: the few operations of it that they need, as C
 * functions.
 *
 *   static void pair(shim_state *state)
 *   {
 *       while (shim_keep_running(state))
 *           ...
 *   }
 *   shim_benchmark *b = shim_register("pair", pair);
 *   shim_argument(b, 1);  shim_argument(b, 2);         one run each; shim_range(state) tells which
 *   return shim_main(argc, argv);
 *
 * A state belongs to the thread that drives its loop: one thread, from the first
 * shim_keep_running to the last. */
#ifndef GBENCH_SHIM_H
#define GBENCH_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct shim_state shim_state;
typedef struct shim_benchmark shim_benchmark;
typedef void shim_function(shim_state *state);

/* ---- Registration, before shim_main ---- */

shim_benchmark *shim_register(const char *name, shim_function *function);

/* One run of the benchmark with this argument. */
void shim_argument(shim_benchmark *benchmark, int64_t value);

/* Time is the value that shim_set_seconds sets, instead of the time of the loop. */
void shim_use_manual_time(shim_benchmark *benchmark);

/* Wall-clock time decides how long to run, since the work is done by other threads. */
void shim_use_real_time(shim_benchmark *benchmark);

/* ---- In the benchmark ---- */

/* The state loop: true for as long as another iteration is wanted. */
bool shim_keep_running(shim_state *state);

/* The same for loops that do `count` iterations each time, where one is too short for a call. */
bool shim_keep_running_batch(shim_state *state, int64_t count);

/* This iteration's time, or this batch's; with shim_use_manual_time. */
void shim_set_seconds(shim_state *state, double seconds);

/* The code between them is not timed. About 1 us each: not for short iterations. */
void shim_pause(shim_state *state);
void shim_resume(shim_state *state);

/* The argument of this run; for benchmarks that were registered with arguments. */
int64_t shim_range(const shim_state *state);

/* Iterations done so far. */
int64_t shim_iterations(const shim_state *state);

/* A figure, or a label, that is printed beside the time. */
void shim_counter(shim_state *state, const char *name, double value);
void shim_label(shim_state *state, const char *text);

/* Marks this run as failed; the loop then ends at once. */
void shim_fail(shim_state *state, const char *why);

/* Parses google-benchmark's options and runs what was registered; the exit status. */
int shim_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
