/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

int filch_bench_main(int argc, char **argv)
{
    static options o;
    static report r;
    signal(SIGPIPE, SIG_IGN); /* a child that dies is a result, not our end */
    bench_parse_options(&o, argc, argv);
    int rc = bench_plan(&r, &o);
    if (!rc) {
        bench_measure_ceiling(&r);
        bench_measure(&r);
        if (o.format == BENCH_JSON)
            rc = bench_write_json(&r, stdout);
        else if (o.format == BENCH_CSV)
            bench_write_csv(&r, stdout);
        else
            bench_write_table(&r, stdout);
    }
    if (!rc && (fflush(stdout) || ferror(stdout)))
        rc = -EIO;
    if (rc)
        fprintf(stderr, "filch bench: the result could not be written: %s\n", strerror(-rc));
    int status = bench_judge(&r);
    bench_free(&r);
    return rc ? 1 : status;
}
