/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

struct big {
    char bytes[36];
};

FILCH_VOID_TASK(paint, (struct big, area), (long, colour))
{
    (void)area;
    (void)colour;
}
