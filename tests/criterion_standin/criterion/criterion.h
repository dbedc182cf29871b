/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The part of Criterion's macros that our tests use, on a plain main(). It serves thread sanitizer,
 * under which Criterion does not start; address sanitizer, whose leak reports Criterion ignores;
 * and machines without Criterion. For test authors: include it as <criterion/criterion.h>, and link
 * standin.c, which runs the tests. It has:
 *
 *   Test(suite, name, .init, .fini, .signal, .exit_code, .timeout, .disabled)    TestSuite(suite, the same)
 *   cr_assert, cr_assert_not, _eq, _neq, _lt, _leq, _gt, _geq, _null, _not_null, _str_eq, _str_neq,
 *   _arr_eq, _float_eq,
 *   _fail; the same as cr_expect...; each with an optional format (a literal) and its arguments
 *   cr_skip_test, cr_fail, cr_log_info, cr_log_warn, cr_log_error
 * Command line: --file NAME (the tests of NAME.c; none is an error), --filter suite/name, -jN (ignored).
 *
 * Each test runs in a child process of this single-threaded one. It passes if it comes to its end
 * with exit status 0 (a sanitizer's report changes that), or ends by the signal or the exit code it
 * announced. An assertion may fail on any thread or fiber: it ends the process at once, without
 * unwinding. */
#ifndef CRITERION_H_
#define CRITERION_H_

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct standin_options {
    void (*init)(void);
    void (*fini)(void);
    int signal;
    int exit_code;
    bool disabled;
    double timeout; /* seconds at full speed */
    const char *description;
};

struct standin_test {
    const char *suite, *name, *file;
    void (*run)(void); /* NULL: the options of a suite */
    struct standin_options options;
    struct standin_test *next;
};

/* Shared between main() and the child that runs a test. */
extern struct standin_report {
    int failed, skipped, ended;
} * standin_report;
extern struct standin_test **standin_last; /* the place of the next one */

__attribute__((format(printf, 5, 6))) void standin_fail(int fatal, const char *file, int line,
                                                        const char *text, const char *format, ...);
__attribute__((format(printf, 2, 3))) void standin_log(const char *kind, const char *format, ...);
__attribute__((noreturn)) void standin_skip(void);

#define STANDIN_REGISTER(suite, name, function, ...)                                               \
    __attribute__((constructor)) static void standin_add_##suite##_##name(void)                    \
    {                                                                                              \
        static struct standin_test test = {                                                        \
            #suite, #name, __FILE__, function, {__VA_ARGS__}, NULL};                               \
        *standin_last = &test;                                                                     \
        standin_last = &test.next;                                                                 \
    }
#define Test(suite, name, ...)                                                                     \
    static void suite##_##name##_test(void);                                                       \
    STANDIN_REGISTER(suite, name, suite##_##name##_test, __VA_ARGS__)                              \
    static void suite##_##name##_test(void)
#define TestSuite(suite, ...) STANDIN_REGISTER(suite, suite_options, NULL, __VA_ARGS__)

#define standin_check(fatal, condition, text, ...)                                                 \
    ((condition) ? (void)0 : standin_fail(fatal, __FILE__, __LINE__, text, " " __VA_ARGS__))
#define cr_log_info(...) standin_log("info", " " __VA_ARGS__)
#define cr_log_warn(...) standin_log("warning", " " __VA_ARGS__)
#define cr_log_error(...) standin_log("error", " " __VA_ARGS__)
#define cr_skip_test(...) (standin_log("skipped", " " __VA_ARGS__), standin_skip())
#define cr_fail(...) standin_check(0, 0, "cr_fail", __VA_ARGS__)
#define cr_assert_fail(...) standin_check(1, 0, "cr_assert_fail", __VA_ARGS__)
#define cr_expect_fail(...) standin_check(0, 0, "cr_expect_fail", __VA_ARGS__)

#define standin_equal_text(a, b) (strcmp(a, b) == 0)
#define standin_compare(fatal, a, op, b, ...)                                                      \
    standin_check(fatal, (a)op(b), #a " " #op " " #b, __VA_ARGS__)
#define cr_assert(c, ...) standin_check(1, c, #c, __VA_ARGS__)
#define cr_expect(c, ...) standin_check(0, c, #c, __VA_ARGS__)
#define cr_assert_not(c, ...) standin_check(1, !(c), "not " #c, __VA_ARGS__)
#define cr_expect_not(c, ...) standin_check(0, !(c), "not " #c, __VA_ARGS__)
#define cr_assert_eq(a, b, ...) standin_compare(1, a, ==, b, __VA_ARGS__)
#define cr_expect_eq(a, b, ...) standin_compare(0, a, ==, b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) standin_compare(1, a, !=, b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) standin_compare(0, a, !=, b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) standin_compare(1, a, <, b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...) standin_compare(0, a, <, b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) standin_compare(1, a, <=, b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...) standin_compare(0, a, <=, b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) standin_compare(1, a, >, b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...) standin_compare(0, a, >, b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) standin_compare(1, a, >=, b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) standin_compare(0, a, >=, b, __VA_ARGS__)
#define cr_assert_null(p, ...) standin_compare(1, p, ==, NULL, __VA_ARGS__)
#define cr_expect_null(p, ...) standin_compare(0, p, ==, NULL, __VA_ARGS__)
#define cr_assert_not_null(p, ...) standin_compare(1, p, !=, NULL, __VA_ARGS__)
#define cr_expect_not_null(p, ...) standin_compare(0, p, !=, NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)                                                                \
    standin_check(1, standin_equal_text(a, b), #a " is the text " #b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)                                                                \
    standin_check(0, standin_equal_text(a, b), #a " is the text " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)                                                               \
    standin_check(1, !standin_equal_text(a, b), #a " is not the text " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)                                                               \
    standin_check(0, !standin_equal_text(a, b), #a " is not the text " #b, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...)                                                          \
    standin_check(1, memcmp(a, b, size) == 0, #a " has the bytes of " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...)                                                          \
    standin_check(0, memcmp(a, b, size) == 0, #a " has the bytes of " #b, __VA_ARGS__)
#define cr_assert_float_eq(a, b, epsilon, ...)                                                     \
    standin_check(1, fabs((double)((a) - (b))) <= (epsilon), #a " is about " #b, __VA_ARGS__)
#define cr_expect_float_eq(a, b, epsilon, ...)                                                     \
    standin_check(0, fabs((double)((a) - (b))) <= (epsilon), #a " is about " #b, __VA_ARGS__)

#endif
