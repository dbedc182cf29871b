/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "compare.h"

#include <string.h>
#include <tools/shared/output.h>

static int load_all(compare_report *r)
{
    char error[4608];
    for (size_t i = 0; i < r->options->path_count; i++)
        if (result_load(&r->results[i], r->options->paths[i], r->options->figures, error,
                        sizeof error)) {
            fprintf(stderr, "filch compare: %s\n", error);
            return 2;
        }
    return 0;
}

static int judge_and_write(compare_report *r)
{
    const compare_options *o = r->options;
    int rc = compare_judge(r);
    if (rc) {
        fprintf(stderr, "filch compare: %s; compare smaller files\n", strerror(-rc));
        return 2;
    }
    if (output_write(out, "filch compare", "--output", o->output, compare_write(r, o->format, out)))
        return 2;
    int status = compare_status(r);
    if (status == 2)
        fputs("filch compare: nothing could be judged: no rows in common that are undisturbed and "
              "have enough samples; measure the same kernels and columns with --repeat 21, or add "
              "--disturbed\n",
              stderr);
    return status;
}

int filch_compare_main(int argc, char **argv)
{
    static compare_options o;
    static compare_report r;
    compare_parse_options(&o, argc, argv);
    r.options = &o;
    int status = load_all(&r);
    if (!status && (o.merge || o.report))
        status = compare_merge(&r);
    if (!status && !o.merge)
        status = judge_and_write(&r);
    compare_free(&r);
    return status;
}
