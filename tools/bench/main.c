/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "bench.h"

#include <signal.h>
#include <tools/shared/machine.h>
#include <tools/shared/output.h>

static int (*const writers[])(const report *r, FILE *out) = {
    [BENCH_TABLE] = bench_write_table,
    [BENCH_JSON] = bench_write_json,
    [BENCH_CSV] = bench_write_csv,
};

/* Writes the page; a result that could not be written is no reason to lose it. */
static int write_page(const report *r, FILE *page)
{
    return output_close(page, "filch bench", r->options->report, bench_write_report(r, page));
}

static int measure_and_write(report *r, FILE *out, FILE *page)
{
    const options *o = r->options;
    bench_measure_ceiling(r);
    bench_measure(r);
    int written = page ? write_page(r, page) : 0;
    int rc = writers[o->format](r, out);
    rc = output_close(out, "filch bench", o->output, rc);
    return rc || written ? 1 : bench_judge(r);
}

/* Files are opened first: that one cannot be written should not be learnt after a minute. */
int filch_bench_main(int argc, char **argv)
{
    static options o;
    static report r;
    signal(SIGPIPE, SIG_IGN); /* a child that dies is a result, not our end */
    bench_parse_options(&o, argc, argv);
    FILE *out = output_open("filch bench", "--output", o.output);
    FILE *page = o.report ? output_open("filch bench", "--report", o.report) : NULL;
    if (!out || (o.report && !page))
        return 2;
    r.load = machine_load();
    int rc = bench_plan(&r, &o);
    int status =
        rc ? output_close(out, "filch bench", o.output, rc) != 0 : measure_and_write(&r, out, page);
    bench_free(&r);
    return status;
}
