/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bench.h"

#include <string.h>
#include <tools/shared/output.h>
#include <tools/shared/settings.h>

/* Options whose values are spread over the columns. */
static const struct {
    const char *option;
    size_t at; /* in column */
} spread[] = {
    {"--columns", offsetof(column, queue)}, {"--policy", offsetof(column, policy)},
    {"--idle", offsetof(column, idle)},     {"--take", offsetof(column, take)},
    {"--wait", offsetof(column, wait)},
};

static const char *value_at(const cell *c, size_t at)
{
    return *(const char *const *)(const void *)((const char *)c->column + at);
}

/* Whether one of the first `count` cells has that value, too. */
static bool is_repeated(const block *b, size_t count, size_t at, const char *value)
{
    for (size_t i = 0; i < count; i++) {
        const char *other = value_at(&b->cells[i], at);
        if (other && strcmp(other, value) == 0)
            return true;
    }
    return false;
}

static void write_values(const block *b, const char *option, size_t at, FILE *out)
{
    bool some = false;
    for (size_t i = 0; i < b->cell_count; i++) {
        const char *value = value_at(&b->cells[i], at);
        if (!value || is_repeated(b, i, at, value))
            continue;
        if (some)
            fprintf(out, ",%s", value);
        else
            fprintf(out, " %s %s", option, value);
        some = true;
    }
}

static void write_workers(const options *o, FILE *out)
{
    fputs(" --workers ", out);
    for (size_t i = 0; i < o->worker_count; i++)
        fprintf(out, "%s%u", i ? "," : "", o->workers[i]);
}

void bench_write_reproduce(const report *r, const block *b, FILE *out)
{
    const options *o = r->options;
    settings_write(out);
    fprintf(out, "filch bench%s --kernels %s --size %s", o->metg ? " --metg" : "",
            block_kernel(b)->name, bench_size_names[b->size]);
    for (size_t i = 0; i < sizeof spread / sizeof spread[0]; i++)
        write_values(b, spread[i].option, spread[i].at, out);
    write_workers(o, out);
    if (b->cell_count > 0 && b->cells[0].sample_count > 0)
        fprintf(out, " --repeat %d", b->cells[0].sample_count);
    if (block_kernel(b)->reads_dir) {
        fputs(" --dir ", out);
        output_quoted(o->dir, out);
    }
}
