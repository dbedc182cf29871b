/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The assertions of the headers in tests/support that start servers, for programs that are no
 * tests: the first that fails ends the program with status 2, so its bar counts as missed. */
#ifndef BARS_CRITERION_H
#define BARS_CRITERION_H

#include <stdio.h>
#include <stdlib.h>

__attribute__((unused, noreturn)) static void criterion_die(const char *why)
{
    fprintf(stderr, "cannot start the server of a bar: %s\n", why);
    exit(2);
}

#define cr_assert(condition, ...) ((condition) ? (void)0 : criterion_die(#condition))
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b))
#define cr_assert_neq(a, b, ...) cr_assert((a) != (b))
#define cr_assert_lt(a, b, ...) cr_assert((a) < (b))
#define cr_assert_leq(a, b, ...) cr_assert((a) <= (b))
#define cr_assert_geq(a, b, ...) cr_assert((a) >= (b))
#define cr_assert_not_null(p, ...) cr_assert(p)
#define cr_skip_test(...) criterion_die("" __VA_ARGS__)

#endif
