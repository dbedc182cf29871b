/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Typed tasks: a thin layer of macros over <filch/fork.h>. For engineers who write fork/join
 * programs in C or C++.
 *
 *   FILCH_TASK(long, fib, (int, n))                     a whole task, private to this file
 *   FILCH_VOID_TASK(walk, (node *, root), (int, depth))  the same without a result
 *   FILCH_TASK_DECLARE(long, fib, (int, n));             in a header, and then in one file
 *   FILCH_TASK_DEFINE(long, fib, (int, n)) { ... }       (also FILCH_VOID_TASK_DECLARE, _DEFINE)
 *   FILCH_FORK(fib, n - 1);                              statement: may now run elsewhere
 *   FILCH_JOIN(long left, fib);  FILCH_JOIN_VOID(walk);  statement: the last unjoined fork
 *   fib(self, n - 2)                                     an ordinary call
 *   FILCH_RUN(rt, fib, 42)                               from outside: waits for the result
 *   FILCH_ASYNC(rt, &future, fib, 42)                    its result goes to the future
 *
 * 0 to 5 arguments, 40 bytes in all; a result is at most 40 bytes: pass a pointer to more. All
 * arguments of a fork are evaluated before its slot is touched, so they may fork and join
 * themselves. `self` moves with every fork and join; therefore both are statements, and joins
 * inside an expression do not compile. FILCH_JOIN(long left, fib) is a declaration and cannot be
 * the body of a loop without braces. For common mistakes the first message of the compiler is one
 * sentence (docs/fork-join.md lists them).
 *
 * Joins come newest first: a join takes the newest unjoined fork, regardless of the task it names.
 * After FILCH_FORK(a, 1); FILCH_FORK(b, 2); the first join is b's. Of two forks of one task, the
 * first join gets the result of the second. In straight-line code of a body, an optimizing C
 * compiler warns about a wrong order (<filch/detail/join_order.h>), and running it ends the
 * process. Elsewhere a wrong order ends the process if either task was stolen, and always with
 * FILCH_DEBUG. If neither holds, each task runs with the other's arguments.
 *
 * Between a fork and its join, do not jump past the join by return, break, goto, longjmp or C++
 * exception; debug builds (FILCH_DEBUG) name the task that did. (A panic, <filch/panic.h>, joins
 * or drops the forks that it leaves.) A function without `self` cannot fork: pass it on. A join may
 * move the task to another thread: do not keep addresses of thread-locals, errno, or a locked
 * pthread mutex across it.
 *
 * Floating-point modes (rounding, flush-to-zero, enabled traps): a stolen task begins in the mode
 * of its runtime (<filch/runtime.h>), any other task in the mode of the task that joins it. A task
 * that needs another mode must set it, and restore it before it ends. FILCH_DEBUG reports a fork in
 * a mode other than the runtime's; FILCH_ANY_FPMODE() before it allows this. Sticky exception flags
 * do not survive a fork, a join or a wait.
 *
 * FILCH_TASK(long, fib, (int, n)) { body } becomes, in short:
 *
 *   struct fib_args { int n; };
 *   static inline long fib(filch_self self, int n);
 *   static inline void fib_run(filch_self self, filch_slot *slot)         // what a thief runs
 *   {
 *       struct fib_args a = *(struct fib_args *)slot->args;
 *       long result = fib(self, a.n);
 *       memcpy(slot->args, &result, sizeof result);
 *   }
 *   static const filch_task fib_task = {fib_run, "fib"};
 *   static inline filch_self fib_fork(filch_self self, int n)           // FILCH_FORK(fib, x) is
 *   {                                                                   // self = fib_fork(self, x)
 *       ((struct fib_args *)self->args)->n = n;
 *       return filch_fork_inline(self, &fib_task);
 *   }
 *   static inline long fib_join(filch_slot *slot,                         // FILCH_JOIN(l, fib) is
 *                               long (*again)(filch_self, int))       // l = fib_join(--self,
 *   {                                                                     //              fib)
 *       if (filch_join_inline(slot, &fib_task)) {                         // still here: a call
 *           struct fib_args a = *(struct fib_args *)slot->args;
 *           return again(slot, a.n);
 *       }
 *       long result;                                                      // a thief ran it
 *       memcpy(&result, slot->args, sizeof result);
 *       return result;
 *   }
 *   static inline long fib_call(const char *file, int line,               // FILCH_RUN(rt, fib, x)
 *                               filch_runtime *rt, int n);
 *   static inline long fib(filch_self self, int n) { return fib_body(self, n); }
 *   static inline long fib_body(filch_self self, int n) { body }          // always inlined
 *
 * Omitted here: in loops, a fork beyond a full fork stack moves self by another distance, and so
 * does its join (runtime/engine/fork_join.h).
 *
 * A variable at the top of a body must not have the task's own name: with clang that is a
 * parameter.
 * Threads: tasks; FILCH_RUN, FILCH_ASYNC: any. Suspends: joins, forks beyond a full fork stack, and
 * FILCH_RUN. Errors: those of filch_run and filch_async (<filch/runtime.h>).
 * Since 0.1.0. */
#ifndef FILCH_TASK_H
#define FILCH_TASK_H
#include <filch/detail/hide_words.h>

#include <filch/detail/join_order.h>
#include <filch/detail/task_macros.h>
#include <filch/fork.h>
#include <filch/runtime.h>

/* The macros that take a task's name first in a list pass it on unexpanded by a GNU extension. */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif

/* Joins the newest unjoined fork, and stores its result: FILCH_JOIN(destination, name), where name
 * is the task's, and destination a variable or a declaration of one. A statement. Waits if a thief
 * runs the task. */
#define FILCH_JOIN(...) FL_TWO(FL_RESULT1, FL_RESULT0, __VA_ARGS__)(~, ##__VA_ARGS__)
#define FL_RESULT1(x, destination, name)                                                           \
    destination = (FL_NOTE_JOIN(name##_)(--self), FL_GIVES(name##_is_void) FL_JOIN(name##_, name))
#define FL_RESULT0(x, ...) FL_SAY_FL_JOIN __VA_ARGS__ = 0
/* The same for the task `name` without a result. */
#define FILCH_JOIN_VOID(name) (FL_NOTE_JOIN(name##_)(--self), FL_JOIN(name##_, name))

#ifndef __clang__
#pragma GCC system_header /* as misuse.h; not earlier: gcc warns of two joins in one expression */
#endif

/* Forks a task: FILCH_FORK(name, arguments...). Another worker may run it; otherwise its join does.
 * A statement, in a function with `self`. */
#define FILCH_FORK(...) FL_SOME(FL_FORK1, FL_FORK0, __VA_ARGS__)(self, ##__VA_ARGS__)
/* Runs a task or an algorithm in the runtime rt, waits for it, and gives its result: FILCH_RUN(rt,
 * name, arguments...). For callers outside rt: a task of rt calls name(self, ...) instead. If
 * filch_run returns an error, an algorithm returns it, and for a task the process ends by
 * filch_die. If the task panics, a calling task panics too. */
#define FILCH_RUN(rt, ...) FL_SOME(FL_RUN1, FL_RUN0, __VA_ARGS__)(rt, ##__VA_ARGS__)
/* Starts a task of the runtime rt (NULL: the caller's) whose result goes to an empty future:
 * FILCH_ASYNC(rt, future, name, arguments...). Does not wait. Returns 0 or a negative errno, as
 * filch_async does. */
#define FILCH_ASYNC(rt, future, ...)                                                               \
    FL_SOME(FL_ASYNC1, FL_ASYNC0, __VA_ARGS__)(rt, future, ##__VA_ARGS__)
/* Allows forks in the caller's present floating-point mode, because the forked tasks set their own
 * or need none. A statement, valid for the calling task until it ends; a no-op without
 * FILCH_DEBUG. */
#define FILCH_ANY_FPMODE() FILCH_CHECK(fl_check_any_fpmode(self))

/* Defines a task that is private to its file: FILCH_TASK(R, name, pairs...) { body }. R is the type
 * of its result, and pairs are up to five (type, name) of its arguments. Callers with `self` call
 * it as name(self, arguments...). */
#define FILCH_TASK(R, ...) FL_MAKE(FL_TASK, FL_VALUE, R, ##__VA_ARGS__, ~)
/* The same without a result: FILCH_VOID_TASK(name, pairs...) { body }. */
#define FILCH_VOID_TASK(...) FL_MAKE(FL_TASK, FL_VOID, void, ##__VA_ARGS__, ~)
/* Declares a task for several files, in their header: FILCH_TASK_DECLARE(R, name, pairs...); with a
 * result of type R. */
#define FILCH_TASK_DECLARE(R, ...) FL_MAKE(FL_DECLARE, FL_VALUE, R, ##__VA_ARGS__, ~)
/* The same without a result. */
#define FILCH_VOID_TASK_DECLARE(...) FL_MAKE(FL_DECLARE, FL_VOID, void, ##__VA_ARGS__, ~)
/* Defines a task that FILCH_TASK_DECLARE has declared, in one file: FILCH_TASK_DEFINE(R, name,
 * pairs...) { body }, with a result of type R. */
#define FILCH_TASK_DEFINE(R, ...) FL_MAKE(FL_DEFINE, FL_VALUE, R, ##__VA_ARGS__, ~)
/* The same without a result, after FILCH_VOID_TASK_DECLARE. */
#define FILCH_VOID_TASK_DEFINE(...) FL_MAKE(FL_DEFINE, FL_VOID, void, ##__VA_ARGS__, ~)

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#include <filch/detail/show_words.h>
#endif
