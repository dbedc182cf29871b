/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

struct big {
    char bytes[41];
};

FILCH_TASK(struct big, paint, (int, colour))
{
    struct big area = {{(char)colour}};
    return area;
}
