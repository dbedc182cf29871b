/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "tune.h"

#include <tools/shared/clock.h>
#include <tools/shared/output.h>

static void (*const measures[TUNE_PARTS])(tune_report *r) = {
    [TUNE_WIDTH] = tune_measure_width,
    [TUNE_QUEUE] = tune_measure_queue,
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

int filch_tune_main(int argc, char **argv)
{
    static tune_options o;
    static tune_report r;
    int status = 0;
    tune_parse_options(&o, argc, argv);
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
    return rc ? 2 : status;
}
