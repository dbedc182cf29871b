/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Contexts of a test; no memory for one fails it. */
#ifndef SUPPORT_CONTEXTS_H
#define SUPPORT_CONTEXTS_H

#include <tests/support/test.h>

static inline filch_context *child_of(filch_context *parent)
{
    filch_context *context = NULL;
    cr_assert_eq(filch_context_create(&context, parent), 0, "%s", filch_error());
    return context;
}

static inline filch_context *until(filch_context *parent, int64_t when)
{
    filch_context *context = NULL;
    cr_assert_eq(filch_context_create_until(&context, parent, when), 0, "%s", filch_error());
    return context;
}

#endif
