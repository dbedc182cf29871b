/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/reading.h>
#include <tests/support/test.h>

void promtool_accepts(const char *text)
{
    if (system("command -v promtool >/dev/null 2>&1"))
        cr_skip_test("promtool not found (Debian: promtool or prometheus)");
    FILE *tool = popen("promtool check metrics", "w");
    cr_assert_not_null(tool);
    fputs(text, tool);
    cr_assert_eq(pclose(tool), 0, "promtool is not content with\n%s", text);
}
