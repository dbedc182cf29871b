/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * enqueue: publishes one job, or one for each line, in batches. */
#include "body.h"
#include "calls.h"
#include "command.h"
#include "lines.h"
#include "progress.h"
#include "text.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <runtime/service/message.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Jobs on their way, and the result so far. */
typedef struct sender {
    const jobs_options *options;
    jobs_connection to;
    filch_message *batch[JOBS_BATCH];
    unsigned long lines[JOBS_BATCH];
    unsigned count;
    uint64_t enqueued, refused;
    json_t *ids, *errors; /* NULL: nobody reads them */
    jobs_progress progress;
} sender;

/* ---- Results ---- */

static void refuse(sender *s, const filch_message *message, unsigned long line, const char *why)
{
    fprintf(stderr, "%s: ", s->options->command);
    if (line)
        fprintf(stderr, "line %lu: ", line);
    fprintf(stderr, "%s%s\n", message ? "not enqueued: " : "", why);
    s->refused++;
    json_t *error = s->errors ? json_object() : NULL;
    json_object_set_new(error, "line", line ? json_integer((json_int_t)line) : json_null());
    json_object_set_new(error, "id", view_text(message ? message->id : NULL));
    json_object_set_new(error, "error", view_text(why));
    json_array_append_new(s->errors, error);
}

static void accept(sender *s, const filch_message *message)
{
    s->enqueued++;
    json_array_append_new(s->ids, s->ids ? view_text(message->id) : NULL);
    if (!s->options->json && !s->options->lines)
        printf("%s\n", message->id);
}

static int tell(sender *s)
{
    const jobs_options *o = s->options;
    if (!o->json) {
        if (o->lines)
            printf("enqueued %" PRIu64 " job%s in queue '%s'\n", s->enqueued,
                   text_plural(s->enqueued), o->queue);
        return 0;
    }
    json_t *out = json_object();
    json_object_set_new(out, "queue", view_text(o->queue));
    json_object_set_new(out, "enqueued", json_integer((json_int_t)s->enqueued));
    json_object_set(out, "ids", s->ids);
    json_object_set(out, "refused", s->errors);
    return view_print(o, out);
}

/* ---- Sending ---- */

static int flush(sender *s)
{
    fl_publication items[JOBS_BATCH];
    int unsupported = 0;
    if (!s->count)
        return 0;
    for (unsigned i = 0; i < s->count; i++)
        items[i] = (fl_publication){.message = s->batch[i], .status = -EAGAIN};
    int status = jobs_publish(&s->to, items, s->count);
    for (unsigned i = 0; i < s->count; i++) {
        if (items[i].status)
            refuse(s, s->batch[i], s->lines[i], jobs_publication_text(items[i].status));
        else
            accept(s, s->batch[i]);
        unsupported |= items[i].status == -ENOTSUP;
        free(s->batch[i]);
    }
    s->count = 0;
    return status ? status : unsupported ? JOBS_UNSUPPORTED : 0;
}

/* The message as it is published, in memory of its own. NULL: `why` says what is wrong. */
static filch_message *complete(const sender *s, const filch_message *from, char why[LINES_WHY])
{
    const fl_broker_host *host = &s->to.host;
    char id[FL_ID_BYTES], *envelope = NULL;
    filch_message all = *from;
    all.queue = s->options->queue;
    all.attempt = 1;
    all.first_seen = host->unix_time(host);
    all.expires = all.expires ? all.first_seen + all.expires : 0;
    if (!all.id) {
        fl_message_random_id(id);
        all.id = id;
    }
    if (s->options->envelope == FILCH_ENVELOPE_JSON) {
        all.body = envelope = fl_envelope_close_json(&all, &all.body_size);
        if (!envelope) {
            snprintf(why, LINES_WHY, "its body is not JSON, which --envelope json needs");
            return NULL;
        }
    }
    filch_message *copy = lines_copy(&all, why);
    free(envelope);
    return copy;
}

/* Adds a job; 0, or an exit status. */
static int add(sender *s, const filch_message *message, unsigned long line)
{
    char why[LINES_WHY];
    int status = jobs_check_message(&s->to, message);
    filch_message *one = status ? NULL : complete(s, message, why);
    if (!one) {
        int before = flush(s);
        if (!status)
            refuse(s, message, line, why);
        return status ? status : before ? before : JOBS_USAGE;
    }
    s->batch[s->count] = one;
    s->lines[s->count++] = line;
    return s->count == JOBS_BATCH ? flush(s) : 0;
}

/* ---- Lines ---- */

static uint64_t size_of(FILE *file)
{
    struct stat facts;
    return fstat(fileno(file), &facts) == 0 && S_ISREG(facts.st_mode) ? (uint64_t)facts.st_size : 0;
}

/* Blank lines are passed over. */
static int add_line(sender *s, const char *line, size_t size, const filch_message *defaults,
                    unsigned long number)
{
    char why[LINES_WHY];
    if (strspn(line, " \t\r\n") == size)
        return 0;
    filch_message *message = lines_read(line, size, defaults, why);
    if (!message) {
        int before = flush(s);
        refuse(s, NULL, number, why);
        return before ? before : JOBS_USAGE;
    }
    int status = add(s, message, number);
    free(message);
    return status;
}

static int add_lines(sender *s, FILE *file, const filch_message *defaults)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    int status = 0;
    uint64_t bytes = 0, all = size_of(file);
    for (unsigned long number = 1; !status && (size = getline(&line, &room, file)) >= 0; number++) {
        status = add_line(s, line, (size_t)size, defaults, number);
        bytes += (uint64_t)size;
        /* how many there will be, if they go on as long as they are */
        jobs_progress_show(&s->progress, s->enqueued,
                           all ? (uint64_t)((double)number * (double)all / (double)bytes) : 0);
    }
    jobs_progress_end(&s->progress);
    free(line);
    if (!status && ferror(file))
        status = jobs_usage(s->options, "cannot read the lines (%s)", strerror(errno));
    int rest = flush(s);
    return status ? status : rest;
}

static int send_lines(sender *s, const filch_message *defaults)
{
    const jobs_options *o = s->options;
    const char *name = o->argument_count ? o->arguments[0] : "-";
    name += *name == '@';
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    if (!file)
        return jobs_usage(o, "cannot open '%s' (%s)", name, strerror(errno));
    int status = add_lines(s, file, defaults);
    if (file != stdin)
        fclose(file);
    return status;
}

/* ---- The command ---- */

static int send_one(sender *s, filch_message message)
{
    char *body;
    const jobs_options *o = s->options;
    int status =
        body_read(o, o->argument_count ? o->arguments[0] : NULL, &body, &message.body_size);
    if (status)
        return status;
    message.body = body;
    status = add(s, &message, 0);
    free(body);
    int rest = flush(s);
    return status ? status : rest;
}

static int enqueue(jobs_options *o)
{
    static sender s;
    const filch_message message = {
        .id = o->id,
        .type = o->type || o->envelope != FILCH_ENVELOPE_RAW ? o->type : "raw",
        .content_type = o->content_type,
        .dedup = o->dedup,
        .dedup_for = o->dedup_for,
        .headers = o->headers,
        .header_count = o->header_count,
        .priority = (unsigned)o->priority,
        .delay = o->delay,
        .expires = o->expires,
    };
    if (!message.type && !o->lines)
        return jobs_usage(o, "no type (give --type TYPE)");
    if (message.dedup_for && !message.dedup && !o->lines)
        return jobs_usage(o, "--dedup-for without a key (give --dedup KEY)");
    s.options = o;
    jobs_progress_begin(&s.progress, stderr, "enqueued");
    int status = jobs_connect(&s.to, o, FL_BROKER_PUBLISHES, o->queue, 1);
    if (!status && o->json) {
        s.ids = json_array();
        s.errors = json_array();
    }
    bool connected = !status;
    if (connected)
        status = o->lines ? send_lines(&s, &message) : send_one(&s, message);
    int told = connected && (!status || s.enqueued + s.refused) ? tell(&s) : 0;
    json_decref(s.ids);
    json_decref(s.errors);
    jobs_disconnect(&s.to);
    return status ? status : told || s.refused ? JOBS_REFUSED : 0;
}

const jobs_command jobs_enqueue_commands[] = {
    {"enqueue", "[BODY | @FILE | -]", "puts jobs into a queue",
     "Puts a job into a queue and writes its id. The body is the argument, the content of FILE, or "
     "stdin (-); without an argument it is empty.\n\n"
     "With --lines, FILE (also without its @) or stdin has one JSON object a line: {\"type\": "
     "\"email\", \"payload\": "
     "{\"to\": 1}, \"id\": ..., \"headers\": {...}, \"delay\": \"5s\", \"priority\": 3, \"dedup\": "
     "..., \"dedup_for\": \"24h\", \"expires\": \"1h\", \"content_type\": ...}. \"payload\" is any "
     "JSON; \"body\", in its "
     "place, is a text. Options are the defaults of keys that a line lacks. Lines are sent in "
     "batches of 100. The first malformed line ends the command; the lines before it are "
     "enqueued.\n\n"
     "Examples:\n"
     "  filch-jobs enqueue --type email_send '{\"to\": \"a@example.com\"}'\n"
     "  filch-jobs enqueue --type image --delay 5m --priority 9 @photo.jpg\n"
     "  filch-jobs enqueue --lines < jobs.jsonl\n",
     JOBS_TYPE | JOBS_HEADER | JOBS_DELAY | JOBS_PRIORITY | JOBS_DEDUP | JOBS_EXPIRES |
         JOBS_CONTENT_TYPE | JOBS_ID | JOBS_ENVELOPE | JOBS_LINES,
     0, 1, enqueue},
    {0},
};
