/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The macros behind <filch/task.h>: a task's argument struct, fork, join, call and wrapper. Its head
 * shows what a task becomes. */
#ifndef FILCH_DETAIL_TASK_MACROS_H
#define FILCH_DETAIL_TASK_MACROS_H

#include <filch/detail/join_order.h>
#include <filch/fork.h>
#include <filch/runtime.h>
#include <string.h>

/* A statement expression: a join function that took the address of `self` would keep it in
 * memory. */
#define FL_JOIN(name, again)                                                                       \
    __extension__({                                                                                \
        filch_slot *fl_at = self;                                                                  \
        int fl_moves = FL_MOVES, fl_here = filch_join_inline(fl_at, &name##_task);                 \
        if (!fl_here && fl_moves)                                                                  \
            self = fl_at = filch_join_moves(fl_at);                                                \
        name##_join(fl_at, fl_here, again);                                                        \
    })

/* The specifiers are measured (docs/decisions.md): body and wrapper `static inline`, fork and
 * join always inlined. Then gcc and clang inline a recursion several levels deep in any calling
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
/* The text behind the macro is name_body, always inlined into name. A join gets the function it
 * calls as a constant pointer, so that gcc inlines the recursion deeper. clang inlines no
 * function that calls itself: there the body's direct calls also go to a parameter (of the
 * task's name), and name and name_twin call each other. Measured: docs/decisions.md. */
#define FL_BODIES(LINKAGE, KIND, R, name, ...)                                                     \
    FILCH_INLINE R name##_body(FL_FORMALS(R, name, __VA_ARGS__));                                  \
    FL_TWIN(KIND, R, name##_twin, name##_body, name, name##_task, __VA_ARGS__)                     \
    FL_CALLER(LINKAGE, KIND, R, name, name##_body, name##_twin, name##_task, __VA_ARGS__)          \
    FILCH_INLINE R name##_body(FL_FORMALS(R, name, __VA_ARGS__))
#define FL_FORMALS(R, name, ...)                                                                   \
    FL_NOTES_PARAM FL_NEXT(R, name, __VA_ARGS__)                                                   \
    FILCH_UNUSED FL_BODY_SELF self FL_MAP(FL_PARAM, __VA_ARGS__)
#define FL_CALLER(LINKAGE, KIND, R, name, body, next, task, ...)                                   \
    LINKAGE FL_BODY(R, name, __VA_ARGS__)                                                          \
    { FL_SET_##KIND(R) body(FL_NOTES_NONE FL_TO(next) self FL_MAP(FL_ARG, __VA_ARGS__));           \
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
    FL_NUMBER(name)                                                                                \
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
    FILCH_INLINE FILCH_UNUSED filch_self                                                           \
        name##_fork(int fl_moves, filch_self self FL_MAP(FL_PARAM, __VA_ARGS__))                   \
    {                                                                                              \
        FILCH_UNUSED struct name##_args *fl_args = &FL_ARGS_OF(name, self);                        \
        FL_MAP(FL_STORE, __VA_ARGS__) return filch_fork_moving(self, &name##_task, fl_moves);      \
    }                                                                                              \
    FILCH_INLINE FILCH_UNUSED R                                                                    \
        name##_join(filch_slot *slot, int fl_here,                                                 \
                    R (*fl_again)(filch_self FL_MAP(FL_TYPE, __VA_ARGS__)))                        \
    {                                                                                              \
        if (fl_here) {                                                                             \
            FILCH_UNUSED struct name##_args fl_args = FL_ARGS_OF(name, slot);                      \
            FL_SET_##KIND(R) fl_again(slot FL_MAP(FL_LOAD, __VA_ARGS__));                          \
            FILCH_CHECK(filch_check_return(slot, &name##_task));                                   \
            return FL_GOT_##KIND;                                                                  \
        }                                                                                          \
        FL_FETCH_##KIND(R, slot->args)                                                             \
    }                                                                                              \
    FILCH_UNUSED static inline R name##_call(const char *fl_file, int fl_line,                     \
                                             filch_runtime *fl_rt FL_MAP(FL_PARAM, __VA_ARGS__))   \
    {                                                                                              \
        filch_slot fl_slot;                                                                        \
        FILCH_UNUSED struct name##_args *fl_args = &FL_ARGS_OF(name, &fl_slot);                    \
        FL_MAP(FL_STORE, __VA_ARGS__)                                                               \
        filch_run_or_die(fl_rt, &name##_task, &fl_slot, fl_file, fl_line);                         \
        FL_FETCH_##KIND(R, fl_slot.args)                                                           \
    }                                                                                              \
    FILCH_UNUSED static inline int name##_async(                                                   \
        const char *fl_file, int fl_line, filch_runtime *fl_rt,                                    \
        struct filch_future *fl_to FL_MAP(FL_PARAM, __VA_ARGS__))                                  \
    {                                                                                              \
        filch_slot fl_slot;                                                                        \
        FILCH_UNUSED struct name##_args *fl_args = &FL_ARGS_OF(name, &fl_slot);                    \
        FL_MAP(FL_STORE, __VA_ARGS__)                                                              \
        return filch_async(fl_rt, fl_to, &name##_task, &fl_slot, FL_SIZE_##KIND(R), fl_file,       \
                           fl_line);                                                               \
    }

/* The differences between tasks with and without a result. */
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
#define FL_FORK(...) FL_CAT(FL_FORK, FL_SOME(__VA_ARGS__))(__VA_ARGS__)
#define FL_FORK0(name) name##_fork(FL_MOVES, self)
#define FL_FORKN(name, ...) name##_fork(FL_MOVES, self, __VA_ARGS__)
#define FL_CALL0(suffix, to, name) name##suffix(__FILE__, __LINE__, to)
#define FL_CALLN(suffix, to, name, ...) name##suffix(__FILE__, __LINE__, to, __VA_ARGS__)
#define FL_ASYNC0(rt, future, name) name##_async(__FILE__, __LINE__, rt, future)
#define FL_ASYNCN(rt, future, name, ...) name##_async(__FILE__, __LINE__, rt, future, __VA_ARGS__)
#define FL_FIELDS(...) FL_CAT(FL_FIELDS, FL_SOME(__VA_ARGS__))(__VA_ARGS__)
#define FL_FIELDS0(name) char fl_nothing;
#define FL_FIELDSN(...)                                                                            \
    FILCH_STATIC_ASSERT(FL_COUNT(__VA_ARGS__) <= 5,                                                \
                        "at most 5 arguments: pass a pointer to a struct with the others");        \
    FL_MAP(FL_FIELD, __VA_ARGS__)
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
/* FL_FIELDS rejects more than five; these let its message appear. */
#define FL_MAP6(m, name, a, ...) m a FL_MAP5(m, name, __VA_ARGS__)
#define FL_MAP7(m, name, a, ...) m a FL_MAP6(m, name, __VA_ARGS__)
#define FL_MAP8(m, name, a, ...) m a FL_MAP7(m, name, __VA_ARGS__)
#define FL_MAP9(m, name, a, ...) m a FL_MAP8(m, name, __VA_ARGS__)
#define FL_MAP10(m, name, a, ...) m a FL_MAP9(m, name, __VA_ARGS__)
#define FL_MAP11(m, name, a, ...) m a FL_MAP10(m, name, __VA_ARGS__)
/* clang-format on */

#endif
