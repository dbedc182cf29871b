/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One sentence for each common mistake with the macros of <filch/task.h> and of the algorithms.
 *
 * A list that cannot become a task is refused before it is expanded. Its sentence is the compiler's
 * first message. Declarations that accept any call replace the task, and the body is left over as
 * a stray block, which compilers skip. Only the compiler can detect a wrong number of arguments, or
 * the result of a task that has none: for these a static assertion prints the sentence.
 * tests/pitfall/run.sh compiles them all; docs/fork-join.md lists them. */
#ifndef FILCH_DETAIL_MISUSE_H
#define FILCH_DETAIL_MISUSE_H
#include <filch/detail/hide_words.h>

#include <filch/fork.h>
#include <filch/runtime.h>

#ifndef __clang__         /* clang would no longer warn about a program's arguments */
#pragma GCC system_header /* gcc names the program's line, not each macro below it */
#endif

/* ---- The sentences ---- */

/* clang-format off */
/* One literal each: gcc prints no more of a pragma. */
#define FL_SAY_FL_GOOD
#define FL_SAY_FL_COMMA                                                                            \
    _Pragma("GCC error \"an argument without a comma: write (int, n), not (int n)\"")
#define FL_SAY_FL_BARE                                                                             \
    _Pragma("GCC error \"an argument without parentheses: write (int, n), a pair for each\"")
#define FL_SAY_FL_WIDE                                                                             \
    _Pragma("GCC error \"an argument with two commas: write (type, name), typedef such a type\"")
#define FL_SAY_FL_BETWEEN                                                                          \
    _Pragma("GCC error \"two arguments without a comma between: write (int, a), (int, b)\"")
#define FL_SAY_FL_MANY                                                                             \
    _Pragma("GCC error \"at most 5 arguments: pass a pointer to a struct with the others\"")
#define FL_SAY_FL_NAMELESS                                                                         \
    _Pragma("GCC error \"no result type: write FILCH_TASK(long, fib, ...) or FILCH_VOID_TASK(walk, ...)\"")
#define FL_SAY_FL_VOIDED                                                                           \
    _Pragma("GCC error \"void is not a result: write FILCH_VOID_TASK(walk, (int, n))\"")
#define FL_SAY_FL_JOIN                                                                             \
    _Pragma("GCC error \"a join names a result and a task: write FILCH_JOIN(long left, fib)\"")
#define FL_TEXT_VOID "void is not a result: write FILCH_VOID_TASK(walk, (int, n))"
#define FL_TEXT_COUNT                                                                              \
    "the number of arguments differs from the definition of the task (self is not one of them)"
#define FL_TEXT_GIVES "this task has no result: write FILCH_JOIN_VOID(name)"
/* clang-format on */

/* ---- The verdict on a list ---- */

/* clang-format off */
/* FL_GOOD, or the first fault: a pair expands to nothing, a faulty argument to a comma and its
 * fault. */
#define FL_VERDICT(...) FL_CAT(FL_VERDICT_, FL_FEW(__VA_ARGS__))(__VA_ARGS__)
#define FL_FEW(...)                                                                                \
    FL_PICK(__VA_ARGS__, FL_MANY, FL_MANY, FL_MANY, FL_MANY, FL_MANY, FL_MANY, 5, 4, 3, 2, 1, 0, ~)
#define FL_VERDICT_0(end) FL_GOOD
#define FL_VERDICT_1(a, end) FL_FIRST(~ FL_JUDGE(a), FL_GOOD, ~)
#define FL_VERDICT_2(a, b, end) FL_FIRST(~ FL_JUDGE(a) FL_JUDGE(b), FL_GOOD, ~)
#define FL_VERDICT_3(a, b, c, end) FL_FIRST(~ FL_JUDGE(a) FL_JUDGE(b) FL_JUDGE(c), FL_GOOD, ~)
#define FL_VERDICT_4(a, b, c, d, end)                                                              \
    FL_FIRST(~ FL_JUDGE(a) FL_JUDGE(b) FL_JUDGE(c) FL_JUDGE(d), FL_GOOD, ~)
#define FL_VERDICT_5(a, b, c, d, e, end)                                                           \
    FL_FIRST(~ FL_JUDGE(a) FL_JUDGE(b) FL_JUDGE(c) FL_JUDGE(d) FL_JUDGE(e), FL_GOOD, ~)
#define FL_VERDICT_FL_MANY(...) FL_MANY

#define FL_FIRST(...) FL_SECOND(__VA_ARGS__)
#define FL_SECOND(x, y, ...) y
/* FL_PROBE is expanded only before parentheses; after them an argument has nothing more. */
#define FL_JUDGE(a) FL_JUDGE_(FL_PROBE a, FL_BARE, , ~)
#define FL_JUDGE_(...) FL_JUDGED(__VA_ARGS__)
#define FL_JUDGED(x, shape, rest, ...)                                                             \
    FL_CAT(FL_FAULT_, shape) FL_CAT(FL_FAULT_, FL_FIRST(FL_BEHIND rest, FL_GOOD, ~))
#define FL_PROBE(...) ~, FL_SHAPE(__VA_ARGS__, ~), 
#define FL_BEHIND(...) ~, FL_BETWEEN
#define FL_SHAPE(...)                                                                              \
    FL_PICK(__VA_ARGS__, FL_WIDE, FL_WIDE, FL_WIDE, FL_WIDE, FL_WIDE, FL_WIDE, FL_WIDE, FL_WIDE,   \
            FL_WIDE, FL_GOOD, FL_COMMA, ~, ~)
#define FL_FAULT_FL_GOOD
#define FL_FAULT_FL_COMMA , FL_COMMA
#define FL_FAULT_FL_BARE , FL_BARE
#define FL_FAULT_FL_WIDE , FL_WIDE
#define FL_FAULT_FL_BETWEEN , FL_BETWEEN

/* The same for a task: its name must not be a pair, nor its result void. The result is checked in
 * C only, since a C++ type may begin with ::, to which nothing can be pasted. */
#define FL_VERDICT_ON_TASK(KIND, R, name, ...)                                                     \
    FL_FIRST(~ FL_CAT(FL_FAULT_, FL_FIRST(FL_NAMELESS_IF name, FL_GOOD, ~)) FL_VOID_IN_##KIND(R),  \
             FL_VERDICT(__VA_ARGS__), ~)
#define FL_NAMELESS_IF(...) ~, FL_NAMELESS
#define FL_FAULT_FL_NAMELESS , FL_NAMELESS
#define FL_VOID_IN_FL_VOID(R)
#ifdef __cplusplus
#define FL_VOID_IN_FL_VALUE(R)
#else
#define FL_VOID_IN_FL_VALUE(R) FL_CAT(FL_FAULT_, FL_FIRST(FL_IS_IT_##R(), FL_GOOD, ~))
#define FL_IS_IT_void() ~, FL_VOIDED
#define FL_FAULT_FL_VOIDED , FL_VOIDED
#endif

/* ---- Tasks ---- */

#ifdef __clang__ /* `, ##__VA_ARGS__` passes a name on unexpanded */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
#define FL_MAKE(m, KIND, R, ...)                                                                   \
    FL_MADE(FL_VERDICT_ON_TASK(KIND, R, __VA_ARGS__), m, KIND, R, ##__VA_ARGS__)
#define FL_MADE(verdict, ...) FL_MADE_(verdict, ##__VA_ARGS__)
#define FL_MADE_(verdict, m, KIND, R, ...)                                                         \
    FL_SAY_##verdict FL_MAKE_##verdict(m, KIND, R, ##__VA_ARGS__)
#define FL_MAKE_FL_VOIDED(m, KIND, R, ...) FL_MAKE_FL_GOOD(m, FL_VOID, void, ##__VA_ARGS__)
#ifdef __clang__
#pragma clang diagnostic pop
#endif
#define FL_MAKE_FL_GOOD(m, KIND, R, name, ...) m(KIND, R, name, name##_, #name, __VA_ARGS__)
#define FL_MAKE_FL_NAMELESS(...)
#define FL_MAKE_FL_COMMA(m, KIND, R, name, ...) m##_REFUSED(R, name, name##_)
#define FL_MAKE_FL_BARE FL_MAKE_FL_COMMA
#define FL_MAKE_FL_WIDE FL_MAKE_FL_COMMA
#define FL_MAKE_FL_BETWEEN FL_MAKE_FL_COMMA
#define FL_MAKE_FL_MANY FL_MAKE_FL_COMMA

/* Instead of a task: the names that its users need, with any arguments. */
#define FL_TASK_REFUSED(R, name, own)                                                              \
    FL_NUMBER(own) FL_ARITY(own, -1, 0)                                                            \
    extern const filch_task own##task;                                                             \
    extern filch_self own##fork(int, filch_self, ...);                                             \
    extern R own##join(filch_slot *, int, ...);                                                    \
    extern R own##call(const char *, int, filch_runtime *, ...);                                     \
    extern int own##async(const char *, int, filch_runtime *, struct filch_future *, ...);           \
    extern R name(filch_self, ...);
#define FL_DECLARE_REFUSED FL_TASK_REFUSED
#define FL_DEFINE_REFUSED(R, name, own)

/* ---- Algorithms ---- */

/* m(name, own, of, first, list...), or a refusal; `of` is one argument of the macro's own. */
#define FL_CHECKED(m, name, own, of, first, ...)                                                   \
    FL_CHECK_LIST(FL_VERDICT(__VA_ARGS__), m, name, own, of, first, __VA_ARGS__)
#define FL_CHECK_LIST(verdict, ...) FL_CHECK_LIST_(verdict, __VA_ARGS__)
#define FL_CHECK_LIST_(verdict, ...) FL_SAY_##verdict FL_CHECKED_##verdict(__VA_ARGS__)
#define FL_CHECKED_FL_GOOD(m, ...) m(__VA_ARGS__)
#define FL_CHECKED_FL_COMMA(m, name, own, ...)                                                     \
    FL_ARITY(own, -1, 0)                                                                           \
    extern int name(filch_self, ...);                                                              \
    extern int own##call(const char *, int, filch_runtime *, ...);
#define FL_CHECKED_FL_BARE FL_CHECKED_FL_COMMA
#define FL_CHECKED_FL_WIDE FL_CHECKED_FL_COMMA
#define FL_CHECKED_FL_BETWEEN FL_CHECKED_FL_COMMA
#define FL_CHECKED_FL_MANY FL_CHECKED_FL_COMMA

/* ---- Mistakes that only the compiler knows ---- */

/* How many arguments own##fork and own##call take (-1: refused, any), and whether it is a task
 * without a result. */
#define FL_ARITY(own, count, no_result) enum { own##arity = count, own##is_void = no_result };

/* Do `given` arguments, counted by their commas, and written `text`, fit? A brace or a template may
 * have commas of its own; then the compiler reports too many. clang cannot search a text. */
#ifdef __clang__
#define FL_FIT(given, taken, text) ((int)taken < 0 || given >= (int)taken)
#else
#define FL_FIT(given, taken, text)                                                                 \
    ((int)taken < 0 || given == (int)taken ||                                                      \
     (given > (int)taken && __builtin_strcspn(text, "{[<") < sizeof text - 1))
#endif
#define FL_TEXT(...) FL_TEXT_(__VA_ARGS__)
#define FL_TEXT_(...) #__VA_ARGS__

#ifdef __cplusplus
extern "C++" {
template <bool fl_fit, int fl_given, int fl_taken> struct fl_arguments {
    static_assert(fl_fit, FL_TEXT_COUNT);
};
template <bool fl_no_result> struct fl_result {
    static_assert(!fl_no_result, FL_TEXT_GIVES);
};
template <class fl_type> struct fl_is_void {
    enum { fl_it = 0 };
};
template <> struct fl_is_void<void> {
    enum { fl_it = 1 };
};
}
#define FL_NOT_VOID(R) static_assert(!fl_is_void<R>::fl_it, FL_TEXT_VOID);
#define FL_FITS(given, taken, text)                                                                \
    (void)sizeof(fl_arguments<FL_FIT(given, taken, text), given, (int)taken>),
#define FL_GIVES(is_void) (void)sizeof(fl_result<bool(is_void)>),
#else
#define FL_NOT_VOID(R) /* FL_VERDICT_ON_TASK sees it */
#define FL_CLAIM(claim, text) (void)sizeof(struct { _Static_assert(claim, text); char fl_c; }),
#define FL_FITS(given, taken, text) FL_CLAIM(FL_FIT(given, taken, text), FL_TEXT_COUNT)
#define FL_GIVES(is_void) FL_CLAIM(!is_void, FL_TEXT_GIVES)
#endif
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
