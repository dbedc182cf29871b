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
 *   FILCH_ASYNC(rt, &future, fib, 42)                    the result lands there: <filch/future.h>
 *
 * 0 to 5 arguments, 40 bytes in all; a result is at most 40 bytes: pass a pointer to more. All
 * arguments of a fork are evaluated before its slot is touched, so they may fork and join
 * themselves. `self` moves with every fork and join, therefore both are statements: joins inside
 * one expression do not compile. FILCH_JOIN(long left, fib) is a declaration and cannot be the body
 * of a loop without braces. Between a fork and its join: no return, break, goto, longjmp or C++
 * exception past the join; debug builds (FILCH_DEBUG) name the task in which that happened (a panic,
 * <filch/panic.h>, joins or drops what it leaves). A
 * function without `self` cannot fork: pass it on. A join may move the task to another thread: do
 * not keep addresses of thread-locals, errno, or a locked pthread mutex across it.
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
 *   static inline long fib_call(filch_runtime *rt, int n);                // FILCH_RUN(rt, fib, x)
 *   static inline long fib(filch_self self, int n) { return fib_body(self, n); }
 *   static inline long fib_body(filch_self self, int n) { body }          // always inlined
 *
 * No variable at the top of a body may have the task's own name: with clang that is a parameter. */
#ifndef FILCH_TASK_H
#define FILCH_TASK_H

#include <filch/fork.h>
#include <filch/runtime.h>
#include <string.h>

/* Statements, and the call from outside. */
#define FILCH_FORK(...) (self = FL_CALL(_fork, self, __VA_ARGS__))
#define FILCH_JOIN(destination, name) destination = (--self, name##_join(self, name))
#define FILCH_JOIN_VOID(name) (--self, name##_join(self, name))
#define FILCH_RUN(rt, ...) FL_CALL(_call, rt, __VA_ARGS__)
#define FILCH_ASYNC(rt, future, ...) FL_CAT(FL_ASYNC, FL_SOME(__VA_ARGS__))(rt, future, __VA_ARGS__)

/* Definitions: of everything, for headers, and in the one file that belongs to the header. */
#define FILCH_TASK(R, ...) FL_NAMED(FL_TASK, VALUE, R, __VA_ARGS__)
#define FILCH_VOID_TASK(...) FL_NAMED(FL_TASK, VOID, void, __VA_ARGS__)
#define FILCH_TASK_DECLARE(R, ...) FL_NAMED(FL_DECLARE, VALUE, R, __VA_ARGS__)
#define FILCH_VOID_TASK_DECLARE(...) FL_NAMED(FL_DECLARE, VOID, void, __VA_ARGS__)
#define FILCH_TASK_DEFINE(R, ...) FL_NAMED(FL_DEFINE, VALUE, R, __VA_ARGS__)
#define FILCH_VOID_TASK_DEFINE(...) FL_NAMED(FL_DEFINE, VOID, void, __VA_ARGS__)

/* The specifiers are measured (docs/decisions.md): body and wrapper `static inline`, fork and join
 * always inlined; then gcc and clang inline a recursion several levels deep, whatever the calling
 * context. */
#define FL_TASK(KIND, R, name, ...)                                                                \
    FL_TYPES(static inline, KIND, R, name, __VA_ARGS__)                                            \
    FILCH_UNUSED static inline void name##_run(filch_self, filch_slot *);                          \
    FILCH_UNUSED static const filch_task name##_task = {name##_run, #name};                        \
    FL_FORK_AND_JOIN(KIND, R, name, __VA_ARGS__)                                                   \
    FL_WRAPPER(static inline, KIND, R, name, __VA_ARGS__)                                          \
    FL_BODIES(static inline, KIND, R, name, __VA_ARGS__)
#define FL_DECLARE(KIND, R, name, ...)                                                             \
    FL_TYPES(extern, KIND, R, name, __VA_ARGS__)                                                   \
    extern const filch_task name##_task;                                                           \
    FL_FORK_AND_JOIN(KIND, R, name, __VA_ARGS__) struct name##_args
#define FL_DEFINE(KIND, R, name, ...)                                                              \
    FL_WRAPPER(static, KIND, R, name, __VA_ARGS__)                                                 \
    const filch_task name##_task = {name##_run, #name};                                            \
    FL_BODIES(, KIND, R, name, __VA_ARGS__)

/* clang-format off */
/* The text behind the macro is name_body, always inlined into name; a join gets the function it
 * calls as a constant pointer: gcc then inlines the recursion deeper. clang inlines no function
 * that calls itself; there the body's direct calls, too, go to a parameter (of the task's name),
 * and name and name_twin call each other. Measured: docs/decisions.md. */
#define FL_BODIES(LINKAGE, KIND, R, name, ...)                                                     \
    FILCH_INLINE R name##_body(FL_NEXT(R, name, __VA_ARGS__) FL_PARAMS(__VA_ARGS__));              \
    FL_TWIN(KIND, R, name##_twin, name##_body, name, name##_task, __VA_ARGS__)                     \
    FL_CALLER(LINKAGE, KIND, R, name, name##_body, name##_twin, name##_task, __VA_ARGS__)          \
    FILCH_INLINE R name##_body(FL_NEXT(R, name, __VA_ARGS__) FL_PARAMS(__VA_ARGS__))
#define FL_CALLER(LINKAGE, KIND, R, name, body, next, task, ...)                                   \
    LINKAGE FL_BODY(R, name, __VA_ARGS__)                                                          \
    { FL_SET_##KIND(R) body(FL_TO(next) self FL_MAP(FL_ARG, __VA_ARGS__));                         \
      FILCH_CHECK(filch_check_return(self, &task)); return FL_GOT_##KIND; }
#ifdef __clang__
#define FL_NEXT(R, name, ...) FILCH_UNUSED R (*name)(filch_self FL_MAP(FL_TYPE, __VA_ARGS__)),
#define FL_TO(function) function,
#define FL_TWIN(...) FL_CALLER(FILCH_UNUSED static inline, __VA_ARGS__)
#else
#define FL_NEXT(R, name, ...)
#define FL_TO(function)
#define FL_TWIN(...)
#endif

#define FL_PARAMS(...) FILCH_UNUSED filch_self self FL_MAP(FL_PARAM, __VA_ARGS__)
#define FL_BODY(R, name, ...) R name(FL_PARAMS(__VA_ARGS__))

#define FL_TYPES(LINKAGE, KIND, R, name, ...)                                                      \
    struct name##_args { FL_FIELDS(__VA_ARGS__) } __attribute__((may_alias, packed, aligned(8)));  \
    FILCH_STATIC_ASSERT(sizeof(struct name##_args) <= FILCH_SLOT_BYTES,                            \
                        "arguments of task " #name " do not fit its slot: pass a pointer");        \
    FL_RESULT_FITS_##KIND(R, name) LINKAGE FL_BODY(R, name, __VA_ARGS__);
#define FL_ARGS_OF(name, slot) (*(struct name##_args *)(slot)->args)

#define FL_WRAPPER(LINKAGE, KIND, R, name, ...)                                                    \
    LINKAGE void name##_run(filch_self self, FILCH_UNUSED filch_slot *slot)                        \
    {                                                                                              \
        FILCH_UNUSED struct name##_args fl_args = FL_ARGS_OF(name, slot);                          \
        FL_SET_##KIND(R) name(self FL_MAP(FL_LOAD, __VA_ARGS__));                                  \
        FL_PUT_##KIND(slot->args)                                                                  \
    }

#define FL_FORK_AND_JOIN(KIND, R, name, ...)                                                       \
    FILCH_INLINE FILCH_UNUSED FL_BODY(filch_self, name##_fork, __VA_ARGS__)                        \
    {                                                                                              \
        FILCH_UNUSED struct name##_args *fl_args = &FL_ARGS_OF(name, self);                        \
        FL_MAP(FL_STORE, __VA_ARGS__) return filch_fork_inline(self, &name##_task);                \
    }                                                                                              \
    FILCH_INLINE FILCH_UNUSED R                                                                    \
        name##_join(filch_slot *slot, R (*fl_again)(filch_self FL_MAP(FL_TYPE, __VA_ARGS__)))      \
    {                                                                                              \
        if (filch_join_inline(slot, &name##_task)) {                                               \
            FILCH_UNUSED struct name##_args fl_args = FL_ARGS_OF(name, slot);                      \
            FL_SET_##KIND(R) fl_again(slot FL_MAP(FL_LOAD, __VA_ARGS__));                          \
            FILCH_CHECK(filch_check_return(slot, &name##_task));                                   \
            return FL_GOT_##KIND;                                                                  \
        }                                                                                          \
        FL_FETCH_##KIND(R, slot->args)                                                             \
    }                                                                                              \
    FILCH_UNUSED static inline R name##_call(filch_runtime *fl_rt FL_MAP(FL_PARAM, __VA_ARGS__))   \
    {                                                                                              \
        filch_slot fl_slot;                                                                        \
        FILCH_UNUSED struct name##_args *fl_args = &FL_ARGS_OF(name, &fl_slot);                    \
        FL_MAP(FL_STORE, __VA_ARGS__) filch_run_or_die(fl_rt, &name##_task, &fl_slot);             \
        FL_FETCH_##KIND(R, fl_slot.args)                                                           \
    }                                                                                              \
    FILCH_UNUSED static inline int name##_async(                                                   \
        filch_runtime *fl_rt, struct filch_future *fl_to FL_MAP(FL_PARAM, __VA_ARGS__))            \
    {                                                                                              \
        filch_slot fl_slot;                                                                        \
        FILCH_UNUSED struct name##_args *fl_args = &FL_ARGS_OF(name, &fl_slot);                    \
        FL_MAP(FL_STORE, __VA_ARGS__)                                                              \
        return filch_async(fl_rt, fl_to, &name##_task, &fl_slot, FL_SIZE_##KIND(R));               \
    }

/* What differs between tasks with a result and without. */
#define FL_RESULT_FITS_VALUE(R, name)                                                              \
    FILCH_STATIC_ASSERT(sizeof(R) <= FILCH_SLOT_BYTES,                                             \
                        "result of task " #name " does not fit its slot: return a pointer");
#define FL_RESULT_FITS_VOID(R, name)
#define FL_SIZE_VALUE(R) sizeof(R)
#define FL_SIZE_VOID(R) 0
#define FL_SET_VALUE(R) R fl_result =
#define FL_SET_VOID(R)
#define FL_PUT_VALUE(to) memcpy(to, &fl_result, sizeof fl_result);
#define FL_PUT_VOID(to)
#define FL_GOT_VALUE fl_result
#define FL_GOT_VOID
#define FL_FETCH_VALUE(R, from)                                                                    \
    R fl_result; memcpy(&fl_result, from, sizeof fl_result); return fl_result;
#define FL_FETCH_VOID(R, from)

/* Lists: a name, then up to five (type, name) pairs. */
#define FL_NAMED(m, KIND, R, ...) FL_APPLY(m, KIND, R, FL_NAME(__VA_ARGS__, ~), __VA_ARGS__)
#define FL_APPLY(m, ...) m(__VA_ARGS__)
#define FL_NAME(name, ...) name
#define FL_PICK(a, b, c, d, e, f, g, h, i, j, k, l, n, ...) n
#define FL_COUNT(...) FL_PICK(__VA_ARGS__, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, ~)
#define FL_SOME(...) FL_PICK(__VA_ARGS__, N, N, N, N, N, N, N, N, N, N, N, 0, ~)
#define FL_CAT(a, b) FL_CAT_(a, b)
#define FL_CAT_(a, b) a##b
#define FL_CALL(suffix, to, ...) FL_CAT(FL_CALL, FL_SOME(__VA_ARGS__))(suffix, to, __VA_ARGS__)
#define FL_CALL0(suffix, to, name) name##suffix(to)
#define FL_CALLN(suffix, to, name, ...) name##suffix(to, __VA_ARGS__)
#define FL_ASYNC0(rt, future, name) name##_async(rt, future)
#define FL_ASYNCN(rt, future, name, ...) name##_async(rt, future, __VA_ARGS__)
#define FL_FIELDS(...) FL_CAT(FL_FIELDS, FL_SOME(__VA_ARGS__))(__VA_ARGS__)
#define FL_FIELDS0(name) char fl_nothing;
#define FL_FIELDSN(...) FL_MAP(FL_FIELD, __VA_ARGS__)
#define FL_PARAM(type, name) , type name
#define FL_TYPE(type, name) , type
#define FL_ARG(type, name) , name
#define FL_FIELD(type, name) type name;
#define FL_STORE(type, name) fl_args->name = name;
#define FL_LOAD(type, name) , fl_args.name
#define FL_MAP(m, ...) FL_CAT(FL_MAP, FL_COUNT(__VA_ARGS__))(m, __VA_ARGS__)
#define FL_MAP0(m, name)
#define FL_MAP1(m, name, a) m a
#define FL_MAP2(m, name, a, b) m a m b
#define FL_MAP3(m, name, a, b, c) m a m b m c
#define FL_MAP4(m, name, a, b, c, d) m a m b m c m d
#define FL_MAP5(m, name, a, b, c, d, e) m a m b m c m d m e
/* clang-format on */

#endif
