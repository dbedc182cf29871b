/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "replay.h"
#include "report.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/openmp_library.h>
#include <tools/shared/output.h>

static int keep(const search *s)
{
    if (!s->options->keep || !s->repeats)
        return 0;
    return output_write(out, "filch explore", "--keep", s->options->keep,
                        schedule_write(&s->choices, out));
}

static int report(const search *s)
{
    int rc = s->options->json ? explore_json(s, stdout) : explore_text(s, stdout);
    if (rc)
        fprintf(stderr, "filch explore: the report cannot be written: %s\n",
                rc == -ENOTSUP ? "this build has no JSON (libjansson-dev)" : strerror(-rc));
    return rc;
}

static int find(const explore_options *o)
{
    search s;
    int status = 2;
    if (!output_check("filch explore", "--keep", o->keep))
        return 2;
    if (!search_run(&s, o)) {
        status = keep(&s) || report(&s) ? 2 : s.found;
        if (o->gdb && status == 1 && s.repeats)
            status = replay_in_gdb(&s.choices, o);
    }
    search_free(&s);
    return status;
}

static int replay(const explore_options *o)
{
    schedule s;
    if (replay_load(&s, o))
        return 2;
    const int status = o->gdb ? replay_in_gdb(&s, o) : replay_show(&s, o);
    schedule_free(&s);
    return status;
}

int filch_explore_main(int argc, char **argv)
{
    explore_options o;
    char folder[PATH_MAX + 32];
    options_read(&o, argc, argv);
    const bool ready = !o.openmp || openmp_library_use("filch explore", folder, sizeof folder);
    const int status = !ready ? 2 : o.replay ? replay(&o) : find(&o);
    free(o.path);
    return status;
}
