/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The keeper's own files are opened by the first wait. A test in which somebody may be about to wait for a number that is
 * closed meanwhile starts it before, so that none of them gets that number. */
#ifndef SUPPORT_KEEPER_H
#define SUPPORT_KEEPER_H

#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <unistd.h>

static inline void keeper_start(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN, filch_in(1000)), -ETIMEDOUT);
    close(ends[0]);
    close(ends[1]);
}

#endif
