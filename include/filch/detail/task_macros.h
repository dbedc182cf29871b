/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The macros behind <filch/task.h>: a task's argument struct, fork, join, call and wrapper. Its head
 * shows what a task becomes. */
#ifndef FILCH_DETAIL_TASK_MACROS_H
#define FILCH_DETAIL_TASK_MACROS_H
#include <filch/detail/hide_words.h>

#include <filch/detail/join_order.h>
#include <filch/detail/misuse.h>
#include <filch/fork.h>
#include <filch/runtime.h>
#include <string.h>

#ifndef __clang__
#pragma GCC system_header /* as misuse.h */
#endif

/* Names. The public macros paste a task's name before macros of the program are expanded
 * (`, ##__VA_ARGS__` passes it on unexpanded). From there on it travels twice: as `name` for the
 * function itself, and with an underscore as `own`, to which everything else is pasted, so that
 * own##task is fib_task. Every other word of an expansion has a prefix, so that no macro of the
 * program replaces it: tools/check_names.py checks that, tests/pitfall/hostile.sh compiles it. */

/* The place of a task's arguments, then of its result; inline, unlike filch_arguments. */
FILCH_INLINE FILCH_UNUSED void *fl_args_of(filch_slot *slot)
{
    return slot->args;
}

/* A statement expression: a join function that took the address of `self` would keep it in
 * memory. */
#define FL_JOIN(own, again)                                                                        \
    __extension__({                                                                                \
        filch_slot *fl_at = self;                                                                  \
        int fl_moves = FL_MOVES, fl_here = filch_join_inline(fl_at, &own##task);                   \
        if (!fl_here && fl_moves)                                                                  \
            self = fl_at = fl_join_moves(fl_at);                                                   \
        own##join(fl_at, fl_here, again);                                                          \
    })

/* The specifiers are measured (docs/internals/decisions.md): body and wrapper `static inline`, fork and
 * join always inlined. Then gcc and clang inline a recursion several levels deep in any calling
 * context. */
#define FL_TASK(KIND, R, name, own, text, ...)                                                     \
    FL_TYPES(static inline, KIND, R, name, own, text, __VA_ARGS__)                                 \
    FILCH_UNUSED static inline void own##run(filch_self, filch_slot *);                            \
    FILCH_UNUSED static const filch_task own##task = {own##run, text};                             \
    FL_FORK_AND_JOIN(KIND, R, own, __VA_ARGS__)                                                    \
    FL_WRAPPER(static inline, KIND, R, name, own, __VA_ARGS__)                                     \
    FL_BODIES(static inline, KIND, R, name, own, __VA_ARGS__)
#define FL_DECLARE(KIND, R, name, own, text, ...)                                                  \
    FL_TYPES(extern, KIND, R, name, own, text, __VA_ARGS__)                                        \
    extern const filch_task own##task;                                                             \
    FL_FORK_AND_JOIN(KIND, R, own, __VA_ARGS__)                                                    \
    FILCH_STATIC_ASSERT(1, "a declaration ends with a semicolon: FILCH_TASK_DEFINE has the body")
#define FL_DEFINE(KIND, R, name, own, text, ...)                                                   \
    FL_WRAPPER(static, KIND, R, name, own, __VA_ARGS__)                                            \
    const filch_task own##task = {own##run, text};                                                 \
    FL_BODIES(, KIND, R, name, own, __VA_ARGS__)

/* clang-format off */
/* The text behind the macro is name_body, always inlined into name. A join gets the function it
 * calls as a constant pointer, so that gcc inlines the recursion deeper. clang inlines no
 * function that calls itself: there the body's direct calls also go to a parameter (of the
 * task's name), and name and name_twin call each other. Measured: docs/internals/decisions.md. */
#define FL_BODIES(LINKAGE, KIND, R, name, own, ...)                                                \
    FILCH_INLINE R own##body(FL_FORMALS(R, name, __VA_ARGS__));                                    \
    FL_TWIN(KIND, R, own##twin, own##body, name, own##task, __VA_ARGS__)                           \
    FL_CALLER(LINKAGE, KIND, R, name, own##body, own##twin, own##task, __VA_ARGS__)                \
    FILCH_INLINE R own##body(FL_FORMALS(R, name, __VA_ARGS__))
#define FL_FORMALS(R, name, ...)                                                                   \
    FL_NOTES_PARAM FL_NEXT(R, name, __VA_ARGS__)                                                   \
    FILCH_UNUSED FL_BODY_SELF self FL_MAP(FL_PARAM, __VA_ARGS__)
#define FL_CALLER(LINKAGE, KIND, R, name, body, next, task, ...)                                   \
    LINKAGE FL_BODY(R, name, __VA_ARGS__)                                                          \
    { FL_SET_##KIND(R) body(FL_NOTES_NONE FL_TO(next) self FL_MAP(FL_ARG, __VA_ARGS__));           \
      FILCH_CHECK(fl_check_return(self, &task)); return FL_GOT_##KIND; }
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

#define FL_TYPES(LINKAGE, KIND, R, name, own, text, ...)                                           \
    FL_NUMBER(own)                                                                                 \
    FL_ARITY(own, FL_COUNT(__VA_ARGS__), FL_IS_##KIND)                                             \
    struct own##args { FL_FIELDS(__VA_ARGS__) }                                                    \
        __attribute__((__may_alias__, __packed__, __aligned__(8)));                                \
    FILCH_STATIC_ASSERT(sizeof(struct own##args) <= FILCH_SLOT_BYTES,                              \
                        "arguments of task " text " do not fit its slot: pass a pointer");         \
    FL_RESULT_FITS_##KIND(R, text) LINKAGE FL_BODY(R, name, __VA_ARGS__);
#define FL_ARGS_OF(own, slot) (*(struct own##args *)fl_args_of(slot))

#define FL_WRAPPER(LINKAGE, KIND, R, name, own, ...)                                               \
    LINKAGE void own##run(filch_self self, FILCH_UNUSED filch_slot *fl_slot)                       \
    {                                                                                              \
        FILCH_UNUSED struct own##args fl_args = FL_ARGS_OF(own, fl_slot);                          \
        FL_SET_##KIND(R) name(self FL_MAP(FL_LOAD, __VA_ARGS__));                                  \
        FL_PUT_##KIND(fl_args_of(fl_slot))                                                         \
    }

#define FL_FORK_AND_JOIN(KIND, R, own, ...)                                                        \
    FILCH_INLINE FILCH_UNUSED filch_self                                                           \
        own##fork(int fl_moves, filch_self self FL_MAP(FL_PARAM, __VA_ARGS__))                     \
    {                                                                                              \
        FILCH_UNUSED struct own##args *fl_args = &FL_ARGS_OF(own, self);                           \
        FL_MAP(FL_STORE, __VA_ARGS__) return filch_fork_moving(self, &own##task, fl_moves);        \
    }                                                                                              \
    FILCH_INLINE FILCH_UNUSED R                                                                    \
        own##join(filch_slot *fl_slot, int fl_here,                                                \
                  R (*fl_again)(filch_self FL_MAP(FL_TYPE, __VA_ARGS__)))                          \
    {                                                                                              \
        if (fl_here) {                                                                             \
            FILCH_UNUSED struct own##args fl_args = FL_ARGS_OF(own, fl_slot);                      \
            FL_SET_##KIND(R) fl_again(fl_slot FL_MAP(FL_LOAD, __VA_ARGS__));                       \
            FILCH_CHECK(fl_check_return(fl_slot, &own##task));                                  \
            return FL_GOT_##KIND;                                                                  \
        }                                                                                          \
        FL_FETCH_##KIND(R, fl_args_of(fl_slot))                                                    \
    }                                                                                              \
    FILCH_UNUSED static inline R own##call(const char *fl_file, int fl_line,                       \
                                           filch_runtime *fl_rt FL_MAP(FL_PARAM, __VA_ARGS__))     \
    {                                                                                              \
        filch_slot fl_slot;                                                                        \
        FILCH_UNUSED struct own##args *fl_args = &FL_ARGS_OF(own, &fl_slot);                       \
        FL_MAP(FL_STORE, __VA_ARGS__)                                                              \
        fl_run_or_die(fl_rt, &own##task, &fl_slot, fl_file, fl_line);                           \
        FL_FETCH_##KIND(R, fl_args_of(&fl_slot))                                                   \
    }                                                                                              \
    FILCH_UNUSED static inline int own##async(                                                     \
        const char *fl_file, int fl_line, filch_runtime *fl_rt,                                    \
        struct filch_future *fl_to FL_MAP(FL_PARAM, __VA_ARGS__))                                  \
    {                                                                                              \
        filch_slot fl_slot;                                                                        \
        FILCH_UNUSED struct own##args *fl_args = &FL_ARGS_OF(own, &fl_slot);                       \
        FL_MAP(FL_STORE, __VA_ARGS__)                                                              \
        return filch_async(fl_rt, fl_to, &own##task, &fl_slot, FL_SIZE_##KIND(R), fl_file,         \
                           fl_line);                                                               \
    }

/* The differences between tasks with and without a result. */
#define FL_IS_FL_VALUE 0
#define FL_IS_FL_VOID 1
#define FL_RESULT_FITS_FL_VALUE(R, text)                                                           \
    FL_NOT_VOID(R)                                                                                 \
    FILCH_STATIC_ASSERT(sizeof(R) <= FILCH_SLOT_BYTES,                                             \
                        "result of task " text " does not fit its slot: return a pointer");
#define FL_RESULT_FITS_FL_VOID(R, text)
#define FL_SIZE_FL_VALUE(R) sizeof(R)
#define FL_SIZE_FL_VOID(R) 0
#define FL_SET_FL_VALUE(R) R fl_result =
#define FL_SET_FL_VOID(R)
#define FL_PUT_FL_VALUE(to) memcpy(to, &fl_result, sizeof fl_result);
#define FL_PUT_FL_VOID(to)
#define FL_GOT_FL_VALUE fl_result
#define FL_GOT_FL_VOID
#define FL_FETCH_FL_VALUE(R, from)                                                                 \
    R fl_result; memcpy(&fl_result, from, sizeof fl_result); return fl_result;
#define FL_FETCH_FL_VOID(R, from)

/* The statements and calls, with no further arguments (0) or some (1). */
#define FL_FORK0(here, name)                                                                       \
    (FL_FITS(0, name##_arity, "") FL_NOTE_FORK(name##_) here = name##_fork(FL_MOVES, here))
#define FL_FORK1(here, name, ...)                                                                  \
    (FL_FITS(FL_COUNT(__VA_ARGS__, ~), name##_arity, FL_TEXT(__VA_ARGS__)) FL_NOTE_FORK(name##_)   \
     here = name##_fork(FL_MOVES, here, __VA_ARGS__))
#define FL_RUN0(rt, name) (FL_FITS(0, name##_arity, "") name##_call(__FILE__, __LINE__, rt))
#define FL_RUN1(rt, name, ...)                                                                     \
    (FL_FITS(FL_COUNT(__VA_ARGS__, ~), name##_arity, FL_TEXT(__VA_ARGS__))                         \
     name##_call(__FILE__, __LINE__, rt, __VA_ARGS__))
#define FL_ASYNC0(rt, future, name)                                                                \
    (FL_FITS(0, name##_arity, "") name##_async(__FILE__, __LINE__, rt, future))
#define FL_ASYNC1(rt, future, name, ...)                                                           \
    (FL_FITS(FL_COUNT(__VA_ARGS__, ~), name##_arity, FL_TEXT(__VA_ARGS__))                         \
     name##_async(__FILE__, __LINE__, rt, future, __VA_ARGS__))

/* A list: up to five (type, name) pairs, then ~. */
#define FL_PICK(a, b, c, d, e, f, g, h, i, j, k, l, n, ...) n
#define FL_COUNT(...) FL_PICK(__VA_ARGS__, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, ~)
#define FL_SOME(some, none, ...)                                                                   \
    FL_PICK(__VA_ARGS__, some, some, some, some, some, some, some, some, some, some, some, none, ~)
#define FL_TWO(two, other, ...)                                                                    \
    FL_PICK(__VA_ARGS__, other, other, other, other, other, other, other, other, other, other,     \
            two, other, ~)
#define FL_CAT(a, b) FL_CAT_(a, b)
#define FL_CAT_(a, b) a##b
#define FL_FIELDS(...) FL_SOME(FL_FIELDS1, FL_FIELDS0, __VA_ARGS__)(__VA_ARGS__)
#define FL_FIELDS0(end) char fl_nothing;
#define FL_FIELDS1(...) FL_MAP(FL_FIELD, __VA_ARGS__)
#define FL_PARAM(type, name) , type name
#define FL_TYPE(type, name) , type
#define FL_ARG(type, name) , name
#define FL_FIELD(type, name) type name;
#define FL_STORE(type, name) fl_args->name = name;
#define FL_LOAD(type, name) , fl_args.name
#define FL_MAP(m, ...) FL_CAT(FL_MAP, FL_COUNT(__VA_ARGS__))(m, __VA_ARGS__)
#define FL_MAP0(m, end)
#define FL_MAP1(m, a, end) m a
#define FL_MAP2(m, a, b, end) m a m b
#define FL_MAP3(m, a, b, c, end) m a m b m c
#define FL_MAP4(m, a, b, c, d, end) m a m b m c m d
#define FL_MAP5(m, a, b, c, d, e, end) m a m b m c m d m e
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
