/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "find.h"

#include "calls.h"
#include "view.h"

#include <string.h>

static int show_among(const jobs_options *o, fl_delivery *const *all, unsigned count,
                      const char *id, bool *found)
{
    for (unsigned i = 0; i < count; i++) {
        const filch_message *message = &all[i]->message;
        if (!message->id || strcmp(message->id, id) != 0)
            continue;
        *found = true;
        if (o->json)
            return view_print(o, view_json(o, message, true));
        view_page(o, message, stdout);
        return 0;
    }
    return 0;
}

/* A peek copies bodies, so it looks at few jobs first. */
int find_and_show(jobs_connection *c, const char *id, const char *what)
{
    const jobs_options *o = c->options;
    unsigned most = o->limit ? (unsigned)o->limit : FIND_MOST, count = 0;
    int status = jobs_check_needs(c, JOBS_NEEDS_PEEK);
    bool found = false, more = true;
    for (unsigned step = most < 100 ? most : 100; !status && !found && more;) {
        fl_delivery **all;
        status = jobs_peek(c, step, &all, &count);
        if (status)
            return status;
        status = show_among(o, all, count, id, &found);
        jobs_drop_all(c, all, count);
        more = count == step && step < most;
        step = step < most / 10 ? step * 10 : most;
    }
    if (status || found)
        return status;
    fprintf(stderr,
            "%s: no %s '%s' in queue '%s' (%u were looked at; running jobs are not shown)\n",
            o->command, what, id, c->queue, count);
    return JOBS_REFUSED;
}
