/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filch: a work-stealing parallel runtime. This is the umbrella header and the guided tour; each
 * concept has its own.
 *
 *   <filch/base.h>     compilers; how the library reports errors
 *   <filch/runtime.h>  create, run, destroy: workers pinned to cores
 *   <filch/task.h>     FILCH_TASK, FILCH_FORK, FILCH_JOIN, FILCH_RUN: fork/join for C and C++
 *   <filch/par.h>      loops, reductions, scans, sorts: parallel algorithms without a grain size
 *   <filch/fork.h>     the plain functions beneath, and what a fork costs
 *   <filch/atomic.h>   the atomics that the inline path and the library share */
#ifndef FILCH_H
#define FILCH_H

#include <filch/base.h>
#include <filch/par.h>
#include <filch/runtime.h>
#include <filch/task.h>

#endif
