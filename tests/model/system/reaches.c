/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/reaches.h>

#include <tests/model/checker/check.h>

enum { MOST = 64 };

static const char *noted[MOST];
static unsigned count;

void reaches_setup(void)
{
    count = 0;
}

MC_UNCHECKED void reaches_note(const char *what)
{
    for (unsigned i = 0; i < count; i++)
        if (noted[i] == what)
            return;
    MC_CLAIM(count < MOST, "the model's limit: too many results");
    noted[count++] = what;
}

void reaches_tell(void)
{
    for (unsigned i = 0; i < count; i++)
        mc_reached(noted[i]);
}
