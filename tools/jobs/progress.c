/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "progress.h"

#include "text.h"

#include <filch/wait.h>
#include <inttypes.h>
#include <unistd.h>

enum { BAR = 30 };
static const int64_t PAUSE = 100 * FILCH_MILLISECOND;

void jobs_progress_begin(jobs_progress *p, FILE *out, const char *what)
{
    *p = (jobs_progress){.out = out, .terminal = isatty(fileno(out)), .what = what};
}

void jobs_progress_show(jobs_progress *p, uint64_t done, uint64_t total)
{
    static const char marks[BAR + 1] = "##############################";
    int64_t now = p->terminal ? filch_now() : 0;
    if (!p->terminal || (p->shown && now - p->shown < PAUSE))
        return;
    p->shown = now;
    fputs("\r\033[K", p->out);
    if (total) {
        uint64_t part = done < total ? done : total;
        fprintf(p->out, "[%-*.*s] %3" PRIu64 " %%  ", BAR, (int)(part * BAR / total), marks,
                part * 100 / total);
    }
    fprintf(p->out, "%" PRIu64 " job%s %s", done, text_plural(done), p->what);
    fflush(p->out);
}

void jobs_progress_end(jobs_progress *p)
{
    if (p->shown)
        fputs("\r\033[K", p->out);
}
