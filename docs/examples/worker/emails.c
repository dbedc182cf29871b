/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service that sends mail: a job email_send hands a message to the program of $SENDMAIL
 * (default /usr/sbin/sendmail). Shows a child process that is killed at the deadline, failures that
 * are retried and failures that are not, and a rate limit.
 *
 *   cc -O2 emails.c $(pkg-config --cflags --libs filch-service jansson) -o emails
 *   ./emails --broker sqlite:jobs.db
 *   filch-jobs enqueue --broker sqlite:jobs.db --type email_send \
 *       '{"to": "ann@example.com", "subject": "Hello", "text": "Bye"}' */
#include <errno.h>
#include <filch/process.h>
#include <filch/service_main.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* A line break would begin a header of the sender's choice. */
static bool is_one_line(const char *text)
{
    return !strpbrk(text, "\r\n");
}

/* With the same id each time: mail servers drop doubles. The caller frees it; NULL: no memory. */
static char *mail_of(const char *id, const char *to, const char *subject, const char *text)
{
    char *mail = NULL;
    size_t size;
    FILE *file = open_memstream(&mail, &size);
    if (!file)
        return NULL;
    fprintf(file, "To: %s\nSubject: %s\nMessage-ID: <%s@filch>\n\n%s\n", to, subject, id, text);
    return fclose(file) ? NULL : mail;
}

/* Writes the message, and waits for the end of the program. */
static int hand_over(filch_service_job *job, filch_process *sendmail, const char *text)
{
    filch_context *context = filch_service_job_context(job);
    filch_process_outcome outcome;
    int rc = filch_process_write(sendmail, text, strlen(text), filch_context_deadline(context));
    filch_process_close_in(sendmail);
    if (!rc || rc == -EPIPE) /* it may have said why by its status */
        rc = filch_process_wait(sendmail, &outcome, context, FILCH_FOREVER);
    if (rc)
        return rc; /* the deadline: the job is delivered again */
    if (outcome.status == EX_OK)
        return 0;
    if (outcome.status == EX_TEMPFAIL || outcome.signal)
        return filch_service_job_retry(job, 0, "sendmail has put it off");
    return filch_service_job_fail(job, "sendmail ended with status %d", outcome.status);
}

static int send_mail(filch_service_job *job, const char *to, const char *text)
{
    const char *program = getenv("SENDMAIL");
    const char *const argv[] = {program ? program : "/usr/sbin/sendmail", "-i", "--", to, NULL};
    filch_process *sendmail;
    int rc = filch_process_spawn(&sendmail,
                                 &(filch_process_config){.argv = argv,
                                                         .in = FILCH_PROCESS_PIPE,
                                                         .out = FILCH_PROCESS_NULL,
                                                         .err = FILCH_PROCESS_NULL},
                                 filch_context_deadline(filch_service_job_context(job)));
    if (rc)
        return filch_service_job_retry(job, 0, "%s", filch_error());
    rc = hand_over(job, sendmail, text);
    filch_process_destroy(sendmail); /* kills it if it still runs */
    return rc;
}

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    const char *to, *subject, *text;
    char *mail = NULL;
    int rc;
    (void)self, (void)arg;
    json_t *body = json_loadb(message->body, message->body_size, 0, NULL);
    if (json_unpack(body, "{s:s, s:s, s:s}", "to", &to, "subject", &subject, "text", &text) ||
        !is_one_line(to) || !is_one_line(subject))
        rc = filch_service_job_fail(job, "the body is not {\"to\": address, \"subject\": line, "
                                         "\"text\": text}");
    else if (!message->id) /* of another program: each run would send another mail */
        rc = filch_service_job_fail(job, "the job has no id; publish it with one");
    else if (!(mail = mail_of(message->id, to, subject, text)))
        rc = -ENOMEM;
    else
        rc = send_mail(job, to, mail);
    free(mail);
    json_decref(body);
    return rc;
}

int main(int argc, char **argv)
{
    static const filch_handler handlers[] = {{.type = "email_send",
                                              .fn = handle,
                                              .timeout = 10 * FILCH_SECOND,
                                              .rate = {.rate = 100, .burst = 10}}};
    return filch_service_main(argc, argv, handlers, 1);
}
