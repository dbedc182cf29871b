/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "tune.h"

#include <errno.h>
#include <tools/shared/clock.h>
#include <tools/shared/output.h>

static void (*const measures[TUNE_PARTS])(tune_report *r) = {
    [TUNE_WIDTH] = tune_measure_width,
    [TUNE_QUEUE] = tune_measure_queue,
    [TUNE_POOL] = tune_measure_ways,
};

static void tell_failure(const char *label, const apart_facts *facts, spread what, void *context)
{
    (void)what;
    int *status = context;
    if (!*facts->error)
        return;
    fprintf(stderr, "filch tune: %s: %s\n", label, facts->error);
    *status = 1;
}

static int write_json(const tune_report *r)
{
    output out;
    int rc = output_open(&out, "filch tune", "--json", r->options->json);
    return rc ? rc : output_close(&out, tune_write_json(r, out.file));
}

int filch_tune_main(int argc, char **argv)
{
    static tune_options o;
    static tune_report r;
    int status = 0;
    tune_parse_options(&o, argc, argv);
    if (!output_check("filch tune", "--json", o.json))
        return 2;
    r.options = &o;
    double start = seconds_of(CLOCK_MONOTONIC);
    load_calibrate(&o.load);
    for (int i = 0; i < TUNE_PARTS; i++)
        if (o.parts[i])
            measures[i](&r);
    r.seconds = seconds_of(CLOCK_MONOTONIC) - start;
    tune_judge_noise(&r);
    tune_write_table(&r, stdout);
    int rc = output_close(&(output){.file = stdout, .command = "filch tune"}, 0);
    tune_each(&r, tell_failure, &status);
    if (o.json && write_json(&r))
        rc = -EIO;
    return rc ? 2 : status;
}
