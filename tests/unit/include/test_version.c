/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The version is the same in every place; tests/consumer/pkgconfig.sh and cmake.sh ask the
 * packages. */
#include <stdio.h>
#include <tests/support/test.h>

Test(version, the_library_names_the_version_of_its_headers)
{
    cr_assert_str_eq(filch_version(), FILCH_VERSION);
}

Test(version, the_string_and_the_number_are_of_the_three_macros)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", FILCH_VERSION_MAJOR, FILCH_VERSION_MINOR,
             FILCH_VERSION_PATCH);
    cr_assert_str_eq(FILCH_VERSION, text);
    cr_assert_eq(FILCH_VERSION_NUMBER / 10000, FILCH_VERSION_MAJOR);
    cr_assert_eq(FILCH_VERSION_NUMBER / 100 % 100, FILCH_VERSION_MINOR);
    cr_assert_eq(FILCH_VERSION_NUMBER % 100, FILCH_VERSION_PATCH);
}
