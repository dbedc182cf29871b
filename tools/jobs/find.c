/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "find.h"

#include "calls.h"
#include "view.h"

#include <string.h>

static int show_among(const jobs_options *o, fl_delivery *const *all, unsigned count,
                      const char *id, find_show *show, bool *found)
{
    unsigned i = 0;
    while (i < count && (!all[i]->message.id || strcmp(all[i]->message.id, id) != 0))
        i++;
    *found = i < count;
    return *found ? show(o, &all[i]->message) : 0;
}

/* A peek copies bodies, so it looks at few jobs first. */
int find_job(jobs_connection *c, const char *id, find_show *show, bool *found, unsigned *count)
{
    const jobs_options *o = c->options;
    unsigned most = o->limit ? (unsigned)o->limit : FIND_MOST;
    int status = 0;
    bool more = true;
    *found = false;
    for (unsigned step = most < 100 ? most : 100; !status && !*found && more;) {
        fl_delivery **all;
        status = jobs_peek(c, step, &all, count);
        if (status)
            return status;
        status = show_among(o, all, *count, id, show, found);
        jobs_drop_all(c, all, *count);
        more = *count == step && step < most;
        step = step < most / 10 ? step * 10 : most;
    }
    return status;
}

static int show_whole(const jobs_options *o, const filch_message *message)
{
    if (o->json)
        return view_print(o, view_json(o, message, true));
    view_page(o, message, stdout);
    return 0;
}

int find_and_show(jobs_connection *c, const char *id, const char *what)
{
    const jobs_options *o = c->options;
    unsigned count = 0;
    bool found;
    int status = jobs_check_needs(c, JOBS_NEEDS_PEEK);
    status = status ? status : find_job(c, id, show_whole, &found, &count);
    if (status || found)
        return status;
    fprintf(stderr,
            "%s: no %s '%s' in queue '%s' (%u were looked at; running jobs are not shown)\n",
            o->command, what, id, c->queue, count);
    return JOBS_REFUSED;
}
