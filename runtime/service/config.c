/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/config.h>

#include <runtime/service/message.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { WIDTH = 10, DELIVERIES = 5, WEIGHT_MOST = 1000 };
#define LEASE (30 * FILCH_SECOND)
#define TIMEOUT (300 * FILCH_SECOND)
#define RESULT_TTL (86400 * FILCH_SECOND)
/* The fields of the first release. */
#define FIRST_SIZE sizeof(filch_service_config)

static const filch_retry_policy default_retry = {.attempts = 5, .base = FILCH_SECOND};
static const filch_service_queue default_queue = {"tasks", 1};

static int check_numbers(const filch_service_config *config)
{
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {{"width", offsetof(filch_service_config, width)},
                   {"buffer", offsetof(filch_service_config, buffer)}};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        unsigned value;
        memcpy(&value, (const char *)config + numbers[i].offset, sizeof value);
        if (value > FILCH_SERVICE_WIDTH_MOST)
            return filch_error_set(-EINVAL, "%s %u is out of range (1..%d; 0: the default)",
                                   numbers[i].name, value, FILCH_SERVICE_WIDTH_MOST);
    }
    if (config->lease < 0 || config->timeout < 0 || config->result_ttl < 0)
        return filch_error_set(-EINVAL,
                               "lease %" PRId64 " ns, timeout %" PRId64 " ns or result_ttl %" PRId64
                               " ns is out of range (0 or more)",
                               config->lease, config->timeout, config->result_ttl);
    if ((unsigned)config->envelope >= FILCH_ENVELOPES)
        return filch_error_set(-EINVAL, "unknown envelope %d (valid: 0..%d)", config->envelope,
                               FILCH_ENVELOPES - 1);
    if (!fl_envelope_is_supported(config->envelope))
        return filch_error_set(-ENOTSUP, "this build has no JSON envelope; build it where jansson "
                                         "is installed (Debian: libjansson-dev)");
    return 0;
}

size_t fl_queue_name_length(const char *name)
{
    size_t length = 0;
    while ((unsigned char)name[length] > ' ' && name[length] != 127)
        length++;
    return length;
}

static int check_queue(const filch_service_queue *queue, unsigned i)
{
    if (!queue->name || !*queue->name)
        return filch_error_set(-EINVAL, "queue %u has no name; set filch_service_queue.name", i);
    size_t length = fl_queue_name_length(queue->name);
    if (queue->name[length])
        return filch_error_set(-EINVAL,
                               "queue %u, '%.*s...': its name has a blank or a control character "
                               "(allowed: all others)",
                               i, length < 64 ? (int)length : 64, queue->name);
    return queue->weight <= WEIGHT_MOST
               ? 0
               : filch_error_set(-EINVAL, "queue '%s': weight %u is out of range (1..%d)",
                                 queue->name, queue->weight, WEIGHT_MOST);
}

static int take_queues(filch_service *service)
{
    filch_service_config *config = &service->config;
    if (!config->queues) {
        config->queues = &default_queue;
        config->queue_count = 1;
    }
    if (!config->queue_count || config->queue_count > FILCH_SERVICE_QUEUES)
        return filch_error_set(-EINVAL, "%u queues are out of range (1..%d)", config->queue_count,
                               FILCH_SERVICE_QUEUES);
    for (unsigned i = 0; i < config->queue_count; i++) {
        filch_service_queue queue = config->queues[i];
        int rc = check_queue(&queue, i);
        if (rc)
            return rc;
        queue.weight = queue.weight ? queue.weight : 1;
        service->queues[i] = queue;
        service->queue_names[i] = queue.name;
    }
    return 0;
}

int fl_service_configure(filch_service *service, const filch_service_config *given)
{
    filch_service_config *config = &service->config;
    filch_retry_state state;
    if (given) {
        size_t size = given->size ? given->size : FIRST_SIZE;
        memcpy(config, given, size < sizeof *config ? size : sizeof *config);
    }
    int rc = check_numbers(config);
    rc = rc ? rc : take_queues(service);
    if (!rc && config->retry)
        rc = filch_retry_begin(config->retry, &state);
    if (rc)
        return rc;
    if (config->envelope == FILCH_ENVELOPE_AUTO && !fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        config->envelope =
            FILCH_ENVELOPE_NATIVE; /* without a look inside, nothing can be called raw */
    config->broker = config->broker ? config->broker : "memory:";
    config->width = config->width ? config->width : WIDTH;
    config->buffer = config->buffer ? config->buffer : config->width;
    config->timeout = config->timeout ? config->timeout : TIMEOUT;
    config->retry = config->retry ? config->retry : &default_retry;
    config->deliveries = config->deliveries ? config->deliveries : DELIVERIES;
    config->result_ttl = config->result_ttl ? config->result_ttl : RESULT_TTL;
    return 0;
}

int fl_service_configure_lease(filch_service *service, const fl_broker_kind *kind)
{
    int64_t most = kind->caps.lease_most ? kind->caps.lease_most : FILCH_FOREVER;
    int64_t lease = service->config.lease;
    if (lease > most)
        return filch_error_set(-EINVAL,
                               "lease of %" PRId64 " s is longer than the broker's (%" PRId64
                               " s); choose a shorter one",
                               lease / FILCH_SECOND, most / FILCH_SECOND);
    if (!lease)
        service->config.lease = most < LEASE ? most : LEASE;
    return 0;
}
