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
    int rc = bench_plan(&r, &o), page_rc = rc;
    if (!rc) {
        bench_measure_ceiling(&r);
        bench_measure(&r);
        rc = writers[o.format](&r, out);
        page_rc = page ? bench_write_report(&r, page) : 0;
    }
    rc = output_close(out, "filch bench", o.output, rc);
    if (page)
        page_rc = output_close(page, "filch bench", o.report, page_rc);
    int status = bench_judge(&r);
    bench_free(&r);
    return rc || page_rc ? 1 : status;
}
