// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Filch for C++17 and later: headers over the C library. For every C++ program.
//
//   long fib(filch_self self, int n) noexcept
//   {
//       if (n < 2)
//           return n;
//       auto [left, right] = filch::invoke(
//           self, [=](filch_self self) noexcept { return fib(self, n - 1); },
//           [=](filch_self self) noexcept { return fib(self, n - 2); });
//       return left + right;
//   }
//
//   filch::runtime rt;                           a worker per core
//   long result = rt.run([](filch_self self) { return fib(self, 30); });
//
// Runtimes, pools and scopes wait for their work in their destructors, and an exception propagates
// from a task to its join. docs/cxx.md has a chapter, and tables for users of oneTBB and Taskflow.
// Since 0.1.0.
#ifndef FILCH_HPP
#define FILCH_HPP
#if __cplusplus < 201703L
#error "Filch needs C++17 or later (compile with -std=c++17)"
#else // the headers would add hundreds of messages
#include <filch/detail/hide_words.h>

#include <filch/cxx/channel.hpp>   // items of any type between tasks and threads
#include <filch/cxx/context.hpp>   // cancellation and deadlines
#include <filch/cxx/coroutine.hpp> // C++20 coroutines that await futures
#include <filch/cxx/error.hpp>     // the exception of failed calls
#include <filch/cxx/find.hpp>      // find_if, partition
#include <filch/cxx/fork.hpp>      // invoke, fork
#include <filch/cxx/future.hpp>    // results that come later
#include <filch/cxx/loops.hpp>     // for_each, transform
#include <filch/cxx/pool.hpp>      // worker pools
#include <filch/cxx/reduce.hpp>    // reduce, transform_reduce
#include <filch/cxx/runtime.hpp>   // workers
#include <filch/cxx/scan.hpp>      // inclusive_scan, exclusive_scan
#include <filch/cxx/scope.hpp>     // tasks that end before a block does
#include <filch/cxx/sort.hpp>      // sort, stable_sort, merge
#include <filch/filch.h>

#include <filch/detail/show_words.h>
#endif
#endif
