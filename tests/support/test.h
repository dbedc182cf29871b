/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Included by each test: assertions, errors, Filch, and the options of the build. */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/observe.h>
#include <filch/pools.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Claims that a call of Filch returns 0; a failure shows the call and filch_error(). */
#define OK(call) cr_assert_eq(call, 0, "%s: %s", #call, filch_error())

/* One test, run for each of the table `rows` in a process of its own. Its body gets the row as
 * `one`; a failure shows the member `claim` of the row. On the stand-in, .init and .fini of the suite
 * run once for all rows. */
#define FOR_EACH(suite, name, rows)                                                                \
    static void suite##_##name##_row(__typeof__(&(rows)[0]) one);                                  \
    FOR_EACH_ROW(suite, name, rows, sizeof(rows) / sizeof *(rows))                                 \
    static void suite##_##name##_row(__typeof__(&(rows)[0]) one)

#ifdef STANDIN_REGISTER /* the stand-in, whose tests have no parameters */
#include <sys/prctl.h>

#define FOR_EACH_ROW(suite, name, rows, count)                                                     \
    Test(suite, name)                                                                              \
    {                                                                                              \
        unsigned limit = alarm(0); /* of each row */                                               \
        for (size_t i = 0; i < (count); i++) {                                                     \
            int passed = test_row_ended();                                                         \
            if (passed < 0) {                                                                      \
                alarm(limit);                                                                      \
                int failed = standin_report->failed;                                               \
                suite##_##name##_row(&(rows)[i]);                                                  \
                exit(standin_report->failed > failed);                                             \
            }                                                                                      \
            cr_expect(passed, "%s", (rows)[i].claim);                                              \
        }                                                                                          \
    }

/* -1: this process is the row's; else whether the row has passed. */
static inline int test_row_ended(void)
{
    int status = -1;
    fflush(NULL);
    pid_t row = fork();
    if (row == 0)
        return prctl(PR_SET_PDEATHSIG, SIGKILL), -1; /* a test that is ended takes its row along */
    return waitpid(row, &status, 0) == row && status == 0;
}
#elif defined CRITERION_H_ /* it prints a failure after the claim; -j1 keeps them together */
#include <criterion/parameterized.h>
#include <stdio.h>

#define FOR_EACH_ROW(suite, name, rows, count)                                                     \
    ParameterizedTestParameters(suite, name)                                                       \
    {                                                                                              \
        static size_t numbers[count];                                                              \
        for (size_t i = 0; i < (count); i++)                                                       \
            numbers[i] = i;                                                                        \
        return cr_make_param_array(size_t, numbers, count);                                        \
    }                                                                                              \
    ParameterizedTest(size_t *number, suite, name)                                                 \
    {                                                                                              \
        fprintf(stderr, "[----] row: %s\n", (rows)[*number].claim);                                \
        suite##_##name##_row(&(rows)[*number]);                                                    \
    }
#endif

/* ---- The options of the build ---- */

#if defined(__SANITIZE_ADDRESS__)
#define BUILD_ASAN true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILD_ASAN true
#endif
#endif
#ifndef BUILD_ASAN
#define BUILD_ASAN false
#endif

#ifdef FILCH_TSAN
#define BUILD_TSAN true
#else
#define BUILD_TSAN false
#endif

#ifdef __OPTIMIZE__
#define BUILD_OPTIMIZED true
#else
#define BUILD_OPTIMIZED false
#endif

#ifdef FILCH_TINY
#define BUILD_TINY true
#else
#define BUILD_TINY false
#endif

#ifdef FILCH_DEBUG
#define BUILD_DEBUG true
#else
#define BUILD_DEBUG false
#endif

#endif
