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

/* The file is opened first: that it cannot be written should not be learnt after a minute. */
int filch_bench_main(int argc, char **argv)
{
    static options o;
    static report r;
    signal(SIGPIPE, SIG_IGN); /* a child that dies is a result, not our end */
    bench_parse_options(&o, argc, argv);
    FILE *out = output_open("filch bench", o.output);
    if (!out)
        return 2;
    r.load = machine_load();
    int rc = bench_plan(&r, &o);
    if (!rc) {
        bench_measure_ceiling(&r);
        bench_measure(&r);
        rc = writers[o.format](&r, out);
    }
    rc = output_close(out, "filch bench", o.output, rc);
    int status = bench_judge(&r);
    bench_free(&r);
    return rc ? 1 : status;
}
