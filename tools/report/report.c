/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include "report_parts.h"
#include <errno.h>
#include <tools/shared/output.h>

typedef struct part {
    const unsigned char *bytes;
    size_t size;
} part;

#define PART(name)                                                                                 \
    {                                                                                              \
        part_##name, sizeof part_##name                                                            \
    }
static const part before[] = {PART(head_html), PART(style_css), PART(body_html)};
static const part between[] = {PART(document_html)};
static const part after[] = {PART(script_html), PART(elements_js), PART(charts_js),
                             PART(figures_js),  PART(page_js),     PART(foot_html)};
enum { BEFORE = sizeof before / sizeof before[0], AFTER = sizeof after / sizeof after[0] };

static void write_parts(const part *parts, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        fwrite(parts[i].bytes, 1, parts[i].size, out);
}

/* In JSON, '<' stands in texts only; spelt as an escape, no text can end the script element. */
static void write_document(const char *json, FILE *out)
{
    output_spelt(json, '<', "\\u003c", out);
    fputc('\n', out);
}

int report_write(const char *result, report_table *table, const void *what, FILE *out)
{
    write_parts(before, BEFORE, out);
    table(what, out);
    write_parts(between, 1, out);
    write_document(result, out);
    write_parts(after, AFTER, out);
    return ferror(out) ? -errno : 0;
}
