/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "bench.h"
#include "child.h"
#include "interrupt.h"

#include <signal.h>
#include <tools/shared/machine.h>
#include <tools/shared/output.h>

static int (*const writers[])(const report *r, FILE *out) = {
    [SHEET_TEXT] = bench_write_table,
    [SHEET_JSON] = bench_write_json,
    [SHEET_CSV] = bench_write_csv,
    [SHEET_MARKDOWN] = bench_write_markdown,
};

/* 0 or -errno, after a message. */
static int write_all(const report *r)
{
    const options *o = r->options;
    int rc = output_write(out, "filch bench", "--output", o->output, writers[o->format](r, out));
    int page_rc = 0;
    if (o->report)
        page_rc =
            output_write(out, "filch bench", "--report", o->report, bench_write_report(r, out));
    return rc ? rc : page_rc;
}

static int measure_and_write(report *r)
{
    if (bench_plan(r, r->options)) {
        fputs("filch bench: no memory for the results; choose fewer --kernels or --columns\n",
              stderr);
        return 2;
    }
    bench_measure_ceiling(r);
    bench_measure(r);
    if (r->block_count == 0) {
        fputs("filch bench: interrupted before the first round ended; nothing is written\n",
              stderr);
        return BENCH_INTERRUPTED;
    }
    int rc = write_all(r);
    int status = bench_judge(r);
    return rc ? 2 : status;
}

/* That a file cannot be written should not be learnt after a minute. */
int filch_bench_main(int argc, char **argv)
{
    static options o;
    static report r;
    signal(SIGPIPE, SIG_IGN); /* a child that dies is a result, not our end */
    interrupt_catch();        /* before the first child, a probe for the options' sake */
    bench_parse_options(&o, argc, argv);
    r.options = &o;
    if (o.cell && bench_plan(&r, &o) == 0)
        child_serve_cell(&r);
    if (!output_check("filch bench", "--output", o.output) ||
        !output_check("filch bench", "--report", o.report))
        return 2;
    r.load = machine_load();
    int status = measure_and_write(&r);
    bench_free(&r);
    return status;
}
