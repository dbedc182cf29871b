/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The part of Criterion's macros that our tests use, on a plain main(). It serves thread sanitizer,
 * under which Criterion does not start; address sanitizer, whose leak reports Criterion ignores;
 * and machines without Criterion. For test authors: include it as <criterion/criterion.h> from one
 * file of an executable; the build puts this folder on the include path. It has:
 *
 *   Test(suite, name, .init, .fini, .signal, .exit_code, .timeout, .disabled)    TestSuite(suite, the same)
 *   cr_assert, cr_assert_not, _eq, _neq, _lt, _leq, _gt, _geq, _null, _not_null, _str_eq, _str_neq,
 *   _arr_eq, _float_eq,
 *   _fail; the same as cr_expect...; each with an optional format (a literal) and its arguments
 *   cr_skip_test, cr_fail, cr_log_info, cr_log_warn, cr_log_error;  command line: --filter suite/name, -jN (ignored)
 *
 * Each test runs in a child process of this single-threaded one. It passes if it comes to its end
 * with exit status 0 (a sanitizer's report changes that), or ends by the signal or the exit code it
 * announced. An assertion may fail on any thread or fiber: it ends the process at once, without
 * unwinding. */
#ifndef CRITERION_H_
#define CRITERION_H_

#include <fnmatch.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
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
    const char *suite, *name;
    void (*run)(void); /* NULL: the options of a suite */
    struct standin_options options;
    struct standin_test *next;
};

/* Shared between main() and the child that runs a test. */
static struct standin_report {
    int failed, skipped, ended;
} * standin_report;
static struct standin_test *standin_tests, **standin_last = &standin_tests;

#define STANDIN_REGISTER(suite, name, function, ...)                                               \
    __attribute__((constructor)) static void standin_add_##suite##_##name(void)                    \
    {                                                                                              \
        static struct standin_test test = {#suite, #name, function, {__VA_ARGS__}, NULL};          \
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

__attribute__((unused, format(printf, 5, 6))) static void
standin_fail(int fatal, const char *file, int line, const char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "[----] %s:%d: failed: %s:", file, line, text);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    __atomic_fetch_add(&standin_report->failed, 1, __ATOMIC_RELAXED);
    if (fatal)
        _exit(1);
}

__attribute__((unused, format(printf, 2, 3))) static void standin_log(const char *kind,
                                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "[----] %s:", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

__attribute__((unused, noreturn)) static void standin_skip(void)
{
    standin_report->skipped = 1;
    _exit(0);
}

/* Its suite may set the fields that a test does not set. */
static struct standin_options standin_options_of(const struct standin_test *test)
{
    struct standin_options o = test->options;
    for (const struct standin_test *t = standin_tests; t; t = t->next) {
        if (t->run || strcmp(t->suite, test->suite) != 0)
            continue;
        o.init = o.init ? o.init : t->options.init;
        o.fini = o.fini ? o.fini : t->options.fini;
        o.signal = o.signal ? o.signal : t->options.signal;
        o.exit_code = o.exit_code ? o.exit_code : t->options.exit_code;
        o.timeout = o.timeout > 0 ? o.timeout : t->options.timeout;
        o.disabled = o.disabled || t->options.disabled;
    }
    return o;
}

/* In the child. Sanitizers slow a test down: it gets ten times its time. */
__attribute__((noreturn)) static void standin_run(const struct standin_test *test,
                                                  const struct standin_options *o)
{
    double limit = o->timeout > 0 && o->timeout < 10 ? 1 + 10 * o->timeout : 100;
    alarm((unsigned)(o->timeout > limit ? o->timeout : limit));
    if (o->init)
        o->init();
    test->run();
    if (o->fini)
        o->fini();
    standin_report->ended = 1;
    exit(0);
}

/* NULL: passed; else why not. */
static const char *standin_verdict(int status, const struct standin_options *o)
{
    if (standin_report->skipped)
        return NULL;
    if (standin_report->failed)
        return "an assertion failed";
    if (WIFSIGNALED(status)) {
        if (o->signal == WTERMSIG(status))
            return NULL;
        return WTERMSIG(status) == SIGALRM ? "timed out" : "ended by a signal";
    }
    if (o->signal)
        return "did not end by its signal";
    if (WEXITSTATUS(status) != o->exit_code)
        return "ended with another exit status (a sanitizer's report?)";
    return standin_report->ended || o->exit_code ? NULL : "left before its end";
}

static int standin_passes(const struct standin_test *test, const struct standin_options *o)
{
    memset(standin_report, 0, sizeof *standin_report);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        standin_run(test, o);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("[FAIL] fork");
        return 0;
    }
    const char *why = standin_verdict(status, o);
    if (why)
        printf("[FAIL] %s::%s: %s (wait status 0x%x)\n", test->suite, test->name, why, status);
    return !why;
}

int main(int argc, char **argv)
{
    const char *filter = "*";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            filter = argv[++i];
        else if (strncmp(argv[i], "-j", 2) != 0)
            return fprintf(stderr, "usage: %s [--filter suite/name]\n", argv[0]), 2;
    }
    standin_report =
        (struct standin_report *)mmap(NULL, sizeof *standin_report, PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (standin_report == MAP_FAILED)
        return perror("mmap"), 2;
    int tested = 0, passed = 0;
    for (const struct standin_test *t = standin_tests; t; t = t->next) {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", t->suite, t->name);
        struct standin_options o = standin_options_of(t);
        if (!t->run || o.disabled || fnmatch(filter, name, 0) != 0)
            continue;
        tested++;
        passed += standin_passes(t, &o);
    }
    printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d\n", tested, passed,
           tested - passed);
    return passed < tested;
}

#endif
