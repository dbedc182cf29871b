/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The version is the same in every place; tests/consumer/pkgconfig.sh and cmake.sh ask the
 * packages. */
#include <stdio.h>
#include <tests/support/test.h>

Test(version, library_and_header_versions_match)
{
    cr_assert_str_eq(filch_version(), FILCH_VERSION);
}

Test(version, string_and_number_match_macros)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", FILCH_VERSION_MAJOR, FILCH_VERSION_MINOR,
             FILCH_VERSION_PATCH);
    cr_assert_str_eq(FILCH_VERSION, text);
    cr_assert_eq(FILCH_VERSION_NUMBER / 10000, FILCH_VERSION_MAJOR);
    cr_assert_eq(FILCH_VERSION_NUMBER / 100 % 100, FILCH_VERSION_MINOR);
    cr_assert_eq(FILCH_VERSION_NUMBER % 100, FILCH_VERSION_PATCH);
}
