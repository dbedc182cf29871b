/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "tune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/clock.h>

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

/* Before anything is measured: that a file cannot be written should not be learnt afterwards. */
static FILE *open_result(const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        fprintf(stderr, "filch tune: %s cannot be written: %s\n", path, strerror(errno));
    return out;
}

static int close_result(const tune_report *r, FILE *out)
{
    int rc = tune_write_json(r, out);
    if (ferror(out))
        rc = -EIO;
    if (fclose(out) && !rc)
        rc = -errno;
    if (rc)
        fprintf(stderr, "filch tune: %s could not be written: %s\n", r->options->json,
                strerror(-rc));
    return rc ? 1 : 0;
}

int filch_tune_main(int argc, char **argv)
{
    static tune_options o;
    static tune_report r;
    int status = 0;
    FILE *json = NULL;
    tune_parse_options(&o, argc, argv);
    if (o.json && !(json = open_result(o.json)))
        return 1;
    r.options = &o;
    double start = seconds_of(CLOCK_MONOTONIC);
    load_calibrate(&o.load);
    for (int i = 0; i < TUNE_PARTS; i++)
        if (o.parts[i])
            measures[i](&r);
    r.seconds = seconds_of(CLOCK_MONOTONIC) - start;
    tune_judge_noise(&r);
    tune_write_table(&r, stdout);
    if (fflush(stdout) || ferror(stdout)) {
        fputs("filch tune: the table could not be written; is the disk full or the pipe closed?\n",
              stderr);
        status = 1;
    }
    tune_each(&r, tell_failure, &status);
    if (json)
        status |= close_result(&r, json);
    return status;
}
