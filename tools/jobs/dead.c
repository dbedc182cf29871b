/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * dead list, show, requeue, drop: the dead letters of a queue, which are the jobs of QUEUE.dlq. */
#include "calls.h"
#include "command.h"
#include "find.h"
#include "letters.h"
#include "text.h"
#include "view.h"

#include <inttypes.h>

enum { LIST = 50 };

/* ---- list, show ---- */

static int list_letters(jobs_connection *c)
{
    const jobs_options *o = c->options;
    fl_delivery **all;
    unsigned count;
    int status = jobs_check_needs(c, JOBS_NEEDS_PEEK);
    status = status ? status : jobs_peek(c, o->limit ? (unsigned)o->limit : LIST, &all, &count);
    if (status)
        return status;
    if (o->json)
        status = view_print(o, view_list(o, c->queue, all, count, false));
    else if (count)
        view_table(all, count, true, stdout);
    else
        printf("no dead letters of queue '%s'\n", o->queue);
    jobs_drop_all(c, all, count);
    return status;
}

static int show_letter(jobs_connection *c)
{
    return find_and_show(c, c->options->arguments[0], "dead letter");
}

static int on_letters(jobs_options *o, int (*act)(jobs_connection *c))
{
    jobs_connection c;
    char queue[LETTERS_NAME];
    int status = letters_queue(o, queue);
    status = status ? status : jobs_connect_to_read(&c, o, queue);
    if (status)
        return status;
    status = act(&c);
    jobs_disconnect(&c);
    return status;
}

static int list(jobs_options *o)
{
    int status = jobs_take_queue(o);
    return status ? status : on_letters(o, list_letters);
}

static int show(jobs_options *o)
{
    return on_letters(o, show_letter);
}

/* ---- requeue, drop ---- */

static void tell_held(const jobs_options *o, uint64_t count)
{
    fprintf(stderr,
            "%s: others, or a command that was killed, hold %" PRIu64
            " dead letter%s of queue '%s'; "
            "repeat this when the leases have ended (20 s for those of filch-jobs)\n",
            o->command, count, text_plural(count), o->queue);
}

static int end_letters(jobs_options *o, letters_end end, const char *done)
{
    letters_result result = {.missing = json_array(), .leased = FL_BROKER_UNKNOWN};
    if (o->all == (o->argument_count > 0)) {
        json_decref(result.missing);
        return jobs_usage(o, "give the ids of letters, or --all (one of the two)");
    }
    int status = letters_run(o, end, &result);
    for (size_t i = 0; i < json_array_size(result.missing); i++)
        fprintf(stderr, "%s: no dead letter '%s' among the first %d of queue '%s'\n", o->command,
                json_string_value(json_array_get(result.missing, i)), LETTERS_SEARCHED, o->queue);
    bool are_held = result.leased && result.leased != FL_BROKER_UNKNOWN;
    if (are_held)
        tell_held(o, result.leased);
    if (!status && (result.failed || json_array_size(result.missing) || are_held))
        status = JOBS_REFUSED;
    if (!o->json) {
        printf("%s %" PRIu64 " dead letter%s of queue '%s'\n", done, result.ended,
               text_plural(result.ended), o->queue);
        json_decref(result.missing);
        return status;
    }
    int told =
        view_print(o, json_pack("{s:o, s:I, s:I, s:o, s:o}", "queue", view_text(o->queue), done,
                                (json_int_t)result.ended, "failed", (json_int_t)result.failed,
                                "missing", result.missing, "leased", view_number(result.leased)));
    return status ? status : told;
}

static int requeue(jobs_options *o)
{
    return end_letters(o, LETTERS_REQUEUE, "requeued");
}

static int drop(jobs_options *o)
{
    return end_letters(o, LETTERS_DROP, "dropped");
}

const jobs_command jobs_dead_commands[] = {
    {"dead list", "[QUEUE]", "dead letters of a queue, with reasons",
     "Lists the dead letters of a queue: id, type, age, attempt, the times it was requeued, and "
     "the "
     "reason. At most 50, or --limit.\n",
     JOBS_LIMIT, 0, 1, list},
    {"dead show", "ID", "one dead letter",
     "Shows a dead letter with its headers and body, as peek does.\n", JOBS_LIMIT | JOBS_REDACT, 1,
     1, show},
    {"dead requeue", "ID... | --all", "puts dead letters back into their queue",
     "Publishes dead letters to the queue of their header x-original-queue, or --queue, and "
     "removes "
     "each letter once the broker has confirmed its job. If that is interrupted, a job can be "
     "there "
     "twice. The job begins anew: attempt 1, age 0, no expiry. Headers x-dlq-* are removed; "
     "x-dlq-returns counts how often it was requeued. Ids are looked for among the first 10000 "
     "letters.\n",
     JOBS_ALL, 0, -1, requeue},
    {"dead drop", "ID... | --all", "removes dead letters",
     "Removes dead letters. Ids are looked for among the first 10000 letters.\n", JOBS_ALL, 0, -1,
     drop},
    {0},
};
