/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/test.h>
#include <tests/support/tools.h>

void summary_has(trace_file *trace, const char *const *lines, size_t count)
{
    analysis a;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert(analyse(&a, trace));
    write_summary(trace, &a, out);
    fclose(out);
    for (size_t i = 0; i < count; i++)
        cr_assert(strstr(text, lines[i]), "%s is not in %s", lines[i], text);
    free(text);
    analysis_free(&a);
    trace_close(trace);
}
