/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service with something to show, for service_page.sh: three jobs run until a line comes from
 * stdin, the others are over. Prints its port, and ends at the end of stdin. */
#include <filch/pool.h>
#include <filch/service.h>
#include <filch/service_observe.h>
#include <filch/timer.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAYING = 3, QUICK = 60, LINE_BYTES = 64 };

static sem_t arrived, released;

static int stays(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)job, (void)arg;
    sem_post(&arrived);
    while (sem_wait(&released))
        ;
    return 0;
}

/* Some take a millisecond, a few a hundred. */
static int takes_a_while(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)arg;
    long number = strtol(filch_service_job_message(job)->body, NULL, 10);
    filch_sleep((1 + number % 7 * number % 7 * 5) * FILCH_MILLISECOND);
    return 0;
}

static int fails(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)arg;
    const filch_message *message = filch_service_job_message(job);
    return message->attempt == 1 && message->body_size
               ? filch_service_job_retry(job, FILCH_MILLISECOND, "mailbox is full")
               : filch_service_job_fail(job, "no such address");
}

static void *serve(void *service)
{
    filch_service_run(service);
    return NULL;
}

static int publish(filch_service *service, const char *type, const char *id, const char *body)
{
    const filch_message message = {.type = type, .id = id, .body = body, .body_size = strlen(body)};
    return filch_service_publish(service, &message, filch_in(10 * FILCH_SECOND));
}

static int publish_all(filch_service *service)
{
    static const char *const ids[STAYING] = {"export-2026-01", "<script>window.bad = 1</script>",
                                             "\xc3\xbc\x62ung"};
    char body[LINE_BYTES];
    int rc = 0;
    for (int i = 0; i < QUICK && !rc; i++) {
        snprintf(body, sizeof body, "%d", i);
        rc = publish(service, "image_processing", NULL, body);
    }
    for (int i = 0; i < 4 && !rc; i++)
        rc = publish(service, "email_send", NULL, i % 2 ? "later" : "");
    for (int i = 0; i < STAYING && !rc; i++)
        rc = publish(service, "data_export", ids[i], "");
    return rc ? rc : publish(service, "unknown <b>type</b>", NULL, "");
}

static uint64_t over(filch_service *service)
{
    filch_service_stats stats;
    filch_service_stats_read(service, &stats, sizeof stats);
    return stats.outcomes[FILCH_SERVICE_DONE] + stats.outcomes[FILCH_SERVICE_DEAD];
}

int main(void)
{
    static const filch_handler handlers[] = {{.type = "image_processing", .fn = takes_a_while},
                                             {.type = "email_send", .fn = fails},
                                             {.type = "data_export", .fn = stays, .thread = true}};
    static const filch_service_queue queues[] = {{"tasks", 2}, {"nightly", 1}};
    const filch_service_config config = {.size = sizeof config,
                                         .broker = "memory:page",
                                         .queues = queues,
                                         .queue_count = 2};
    filch_service *service;
    filch_service_http *http;
    pthread_t thread;
    char line[LINE_BYTES];
    sem_init(&arrived, 0, 0);
    sem_init(&released, 0, 0);
    if (filch_service_create(&service, &config, handlers, 3) || publish_all(service) ||
        pthread_create(&thread, NULL, serve, service))
        return fprintf(stderr, "service: %s\n", filch_error()), 1;
    for (int i = 0; i < STAYING; i++)
        sem_wait(&arrived);
    while (over(service) < QUICK + 4) /* the rest is over, too, before it is shown */
        sched_yield();
    if (filch_service_http_start(&http, service, NULL))
        return fprintf(stderr, "service: %s\n", filch_error()), 1;
    printf("%u\n", filch_service_http_port(http));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        for (int i = 0; i < STAYING; i++)
            sem_post(&released);
    for (int i = 0; i < STAYING; i++)
        sem_post(&released);
    filch_service_stop(service, filch_in(FILCH_SECOND));
    pthread_join(thread, NULL);
    filch_service_http_stop(http);
    return filch_service_destroy(service);
}
