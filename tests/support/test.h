/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Included by each test: assertions, errors, and Filch. */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <stdlib.h>
#include <string.h>

/* Claims that a call of Filch returns 0; a failure shows the call and filch_error(). */
#define OK(call) cr_assert_eq(call, 0, "%s: %s", #call, filch_error())

#endif
