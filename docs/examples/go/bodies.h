/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>
#include <filch/pool.h>

/* The body of a loop: doubles values[begin] to values[end - 1]. */
int double_all(filch_self self, size_t begin, size_t end, void *values);

/* Runs a Go function: a cgo.Handle of it. Defined in example.go. */
int goJob(uintptr_t call);

/* Submits a job that runs a Go function. Errors: those of filch_pool_submit. */
int submit_go(filch_pool *pool, uintptr_t call);

/* Starts a task whose result, an int64_t, goes to the future. Returns 0 or a negative errno. */
int start_fib(filch_runtime *rt, filch_future *answer, int64_t n);
