/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Publishes messages for tests of service programs.
 * usage: publish URL QUEUE TYPE BODY [NUMBER] */
#include <filch/service.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int none(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)job, (void)arg;
    return 0;
}

int main(int argc, char **argv)
{
    static const filch_handler handler = {.type = "none", .fn = none};
    if (argc < 5)
        return 2;
    const filch_service_queue queue = {.name = argv[2]};
    const filch_service_config config = {
        .size = sizeof config, .broker = argv[1], .queues = &queue, .queue_count = 1, .workers = 1};
    const filch_message message = {.type = argv[3], .body = argv[4], .body_size = strlen(argv[4])};
    filch_service *service = NULL;
    int rc = filch_service_create(&service, &config, &handler, 1);
    for (long i = argc > 5 ? atol(argv[5]) : 1; i > 0 && !rc; i--)
        rc = filch_service_publish(service, &message, filch_in(60 * FILCH_SECOND));
    if (rc)
        fprintf(stderr, "publish: %s\n", filch_error());
    filch_service_destroy(service);
    return rc != 0;
}
