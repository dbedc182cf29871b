/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/version.h>

const char *filch_version(void)
{
    return FILCH_VERSION;
}
