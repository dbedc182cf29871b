/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Result files, as filch compare reads them. Any bytes give a sentence, or figures that are
 * positive and finite. A file that can be read has not changed against itself, and every form of
 * the report can be written. */
#include <math.h>
#include <tests/fuzz/fuzz.h>
#include <tools/compare/compare.h>

static const compare_options options[] = {
    {.path_count = 2, .threshold = 0.03, .figures = {.by = "seconds"}},
    {.path_count = 2, .threshold = 0, .either = true, .figures = {.by = "cpu_seconds"}},
    {.path_count = 1, .figures = {.by = "seconds", .relative = true}},
    {.path_count = 1, .figures = {.by = "seconds"}},
};
enum { OPTIONS = sizeof options / sizeof options[0] };

static void check_rows(const result *file)
{
    for (size_t i = 0; i < file->row_count; i++) {
        const result_row *row = &file->rows[i];
        FUZZ_CHECK(row->workers > 0 && row->count <= STATISTICS_MOST, "row %zu", i);
        FUZZ_CHECK(row->count > 0 || *row->error, "row %zu has nothing", i);
        FUZZ_CHECK(row->label && row->column && row->answer && row->policy, "row %zu", i);
        for (size_t k = 0; k < row->count; k++)
            FUZZ_CHECK(row->values[k] > 0 && isfinite(row->values[k]), "%g", row->values[k]);
    }
}

static void check_estimate(estimate e)
{
    FUZZ_CHECK(e.low > 0 && e.low <= e.median * (1 + 1e-9) && e.median <= e.high * (1 + 1e-9) &&
                   isfinite(e.high),
               "%g: %g .. %g", e.median, e.low, e.high);
}

static void check_report(const compare_report *r)
{
    FUZZ_CHECK(r->counts[COMPARE_SLOWER] + r->counts[COMPARE_FASTER] == 0, "it is the same file");
    for (size_t i = 0; i < r->change_count; i++)
        if (r->changes[i].p > 0) {
            check_estimate(r->changes[i].quotient);
            FUZZ_CHECK(r->changes[i].p <= 1, "%g", r->changes[i].p);
        }
    for (size_t i = 0; i < r->pair_count; i++) {
        check_estimate(r->pairs[i].figures.factor);
        double p = r->pairs[i].figures.p;
        FUZZ_CHECK(p > 0 && p <= 1, "%g", p);
    }
}

static void write_all(const compare_report *r)
{
    for (unsigned i = SHEET_TEXT; i < SHEET_HTML; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        FUZZ_CHECK(out && compare_write(r, i, out) == 0, "form %u", i);
        fclose(out);
        FUZZ_CHECK(size > 0, "form %u", i);
        FUZZ_CHECK(i > 0 || !strchr(text, 27), "an escape sequence: %s", text);
        free(text);
    }
}

static void compare(const uint8_t *data, size_t size, const compare_options *how)
{
    char error[4608];
    compare_report r = {.options = how};
    for (size_t i = 0; i < how->path_count; i++) {
        int rc = result_parse(&r.results[i], "file", (const char *)data, size, how->figures, error,
                              sizeof error);
        if (rc) {
            FUZZ_CHECK(strncmp(error, "file: ", 6) == 0 && strlen(error) > 20, "'%s'", error);
            return;
        }
        check_rows(&r.results[i]);
    }
    FUZZ_CHECK(compare_judge(&r) == 0, "no memory");
    check_report(&r);
    write_all(&r);
    compare_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int i = 0; i < OPTIONS; i++)
        compare(data, size, &options[i]);
    return 0;
}
