/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * list, peek, show, stats: look at a queue and change nothing. */
#include "calls.h"
#include "command.h"
#include "find.h"
#include "view.h"

#include <inttypes.h>

enum { LIST = 50, PEEK = 10 };

static void print_jobs(const jobs_options *o, fl_delivery *const *all, unsigned count, bool bodies)
{
    if (!count)
        printf("no job waits in queue '%s'\n", o->queue);
    else if (!bodies)
        view_table(all, count, false, stdout);
    for (unsigned i = 0; bodies && i < count; i++) {
        fputs(i ? "\n" : "", stdout);
        view_page(o, &all[i]->message, stdout);
    }
}

static int look(jobs_options *o, unsigned most, bool bodies)
{
    jobs_connection c;
    fl_delivery **all;
    unsigned count;
    int status = jobs_take_queue(o);
    if (status)
        return status;
    status = jobs_connect_to_read(&c, o, o->queue);
    status = status ? status : jobs_check_needs(&c, JOBS_NEEDS_PEEK);
    status = status ? status : jobs_peek(&c, o->limit ? (unsigned)o->limit : most, &all, &count);
    if (!status) {
        if (o->json)
            status = view_print(o, view_list(o, o->queue, all, count, bodies));
        else
            print_jobs(o, all, count, bodies);
        jobs_drop_all(&c, all, count);
    }
    jobs_disconnect(&c);
    return status;
}

static int list(jobs_options *o)
{
    return look(o, LIST, false);
}

static int peek(jobs_options *o)
{
    return look(o, PEEK, true);
}

static int show(jobs_options *o)
{
    jobs_connection c;
    int status = jobs_connect_to_read(&c, o, o->queue);
    status = status ? status : find_and_show(&c, o->arguments[0], "waiting job");
    jobs_disconnect(&c);
    return status;
}

static void print_number(const char *name, uint64_t count)
{
    if (count == FL_BROKER_UNKNOWN)
        printf("%-8s -\n", name);
    else
        printf("%-8s %" PRIu64 "\n", name, count);
}

static int print_stats(const jobs_options *o, const jobs_connection *c,
                       const fl_broker_count *count)
{
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {{"ready", count->ready},
                {"delayed", count->delayed},
                {"running", count->leased},
                {"dead", count->dead}};
    json_t *all = json_pack("{s:o, s:s}", "queue", view_text(o->queue), "broker", c->kind->name);
    if (!o->json)
        printf("queue    %s\n", o->queue);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (o->json)
            json_object_set_new(all, rows[i].name, view_number(rows[i].count));
        else
            print_number(rows[i].name, rows[i].count);
    if (c->caps.pause && !o->json)
        printf("paused   %s\n", count->paused ? "yes" : count->paused_types ? "some types" : "no");
    if (o->json) {
        json_object_set_new(all, "paused",
                            c->caps.pause ? json_boolean(count->paused) : json_null());
        json_object_set_new(all, "paused_types",
                            c->caps.pause ? json_boolean(count->paused_types) : json_null());
        return view_print(o, all);
    }
    json_decref(all);
    return 0;
}

static int stats(jobs_options *o)
{
    jobs_connection c;
    fl_broker_count count;
    int status = jobs_take_queue(o);
    if (status)
        return status;
    status = jobs_connect_to_read(&c, o, o->queue);
    status = status ? status : jobs_check_needs(&c, JOBS_NEEDS_COUNT);
    status = status ? status : jobs_count(&c, &count);
    jobs_disconnect(&c);
    return status ? status : print_stats(o, &c, &count);
}

const jobs_command jobs_look_commands[] = {
    {"list", "[QUEUE]", "waiting jobs in the order of delivery",
     "Lists the waiting jobs, including delayed ones, in the order of delivery: id, type, age "
     "since "
     "publication, attempt and priority. At most 50, or --limit. Running jobs are not listed.\n\n"
     "Examples:\n"
     "  filch-jobs list\n"
     "  filch-jobs list mails --limit 1000 --json | jq -r '.jobs[].id'\n",
     JOBS_LIMIT, 0, 1, list},
    {"peek", "[QUEUE]", "the next jobs with headers and bodies",
     "Shows the waiting jobs with their headers and bodies, at most 10 or --limit, without "
     "taking "
     "them. The values of headers whose names contain authorization, cookie, credential, password, "
     "passwd, secret, session, token or api-key are not shown. Bodies are shown as they are.\n",
     JOBS_LIMIT | JOBS_REDACT, 0, 1, peek},
    {"show", "ID", "one waiting job",
     "Shows one waiting job with its headers and body, as peek does. It looks at the first 100000 "
     "jobs of the queue, or --limit.\n",
     JOBS_LIMIT | JOBS_REDACT, 1, 1, show},
    {"stats", "[QUEUE]", "how many jobs are ready, delayed, running and dead; whether paused",
     "Counts the jobs of a queue: ready; delayed; running, that is, taken by a service; and the "
     "dead letters of the queue. `-` (in JSON null) stands for a number that the broker does not "
     "report. If the broker can pause queues, the command also prints whether this one, or some "
     "types of its jobs, are paused.\n",
     0, 0, 1, stats},
    {0},
};
