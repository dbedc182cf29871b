/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/test.h>
#include <tests/support/tools.h>

const char *traced_path(const char *name)
{
    static char path[192];
    snprintf(path, sizeof path, "%s/%s", folder_make(), name);
    return path;
}

filch_runtime *traced_runtime(unsigned workers, const char *trace)
{
    filch_runtime *rt;
    const filch_config config = {.size = sizeof config,
                                 .workers = workers,
                                 .trace = trace,
                                 .guest = "0"};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}
