/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/types.h>

#include <runtime/service/list.h>
#include <runtime/service/record.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TYPES_MOST = 10000 };

static int compare(const void *a, const void *b)
{
    const fl_service_type *left = a, *right = b;
    return strcmp(left->handler.type, right->handler.type);
}

static int check(const filch_handler *handler, size_t i)
{
    filch_retry_state state;
    if (!handler->type || !*handler->type)
        return filch_error_set(-EINVAL, "handler %zu has no type; set filch_handler.type", i);
    if (!handler->fn)
        return filch_error_set(-EINVAL, "handler '%s' has no function; set filch_handler.fn",
                               handler->type);
    if (handler->width > FILCH_SERVICE_WIDTH_MOST || handler->timeout < 0)
        return filch_error_set(-EINVAL,
                               "handler '%s': width %u or timeout %lld ns is out of range (width "
                               "0..%d, timeout 0 or more)",
                               handler->type, handler->width, (long long)handler->timeout,
                               FILCH_SERVICE_WIDTH_MOST);
    return handler->retry ? filch_retry_begin(handler->retry, &state) : 0;
}

static int init(filch_service *service, fl_service_type *type, const filch_handler *handler)
{
    const filch_service_config *config = &service->config;
    unsigned most = config->width + config->buffer;
    type->handler = *handler;
    if (!handler->width || handler->width > most)
        type->handler.width = most; /* the pool's width counts */
    if (!handler->timeout)
        type->handler.timeout = config->timeout;
    if (!handler->retry)
        type->handler.retry = config->retry;
    fl_list_init(&type->waiting);
    type->expected = FILCH_MILLISECOND;
    int rc = fl_record_init(&type->record);
    if (!rc && handler->rate.rate)
        rc = filch_limiter_create(&type->limiter, handler->rate);
    return rc;
}

int fl_service_types_init(filch_service *service, const filch_handler *handlers, size_t count)
{
    if (!handlers || !count || count > TYPES_MOST)
        return filch_error_set(-EINVAL, "%zu handlers are out of range (1..%d)", count, TYPES_MOST);
    int rc = fl_record_init(&service->other);
    service->types = rc ? NULL : calloc(count, sizeof *service->types);
    if (!service->types)
        return filch_error_set(-ENOMEM, "no memory for %zu handlers; use fewer", count);
    for (size_t i = 0; i < count; i++) {
        rc = check(&handlers[i], i);
        if (rc)
            return rc;
        service->type_count++; /* so that a part of it is undone, too */
        rc = init(service, &service->types[i], &handlers[i]);
        if (rc)
            return rc;
    }
    if (service->config.envelope == FILCH_ENVELOPE_RAW) /* the first one stays the first */
        return 0;
    qsort(service->types, count, sizeof *service->types, compare);
    for (size_t i = 0; i < count; i++) /* which moved the heads of the lists */
        fl_list_init(&service->types[i].waiting);
    for (size_t i = 1; i < count; i++)
        if (compare(&service->types[i - 1], &service->types[i]) == 0)
            return filch_error_set(-EINVAL, "two handlers have the type '%s'; remove one",
                                   service->types[i].handler.type);
    return 0;
}

void fl_service_types_end(filch_service *service)
{
    for (unsigned i = 0; i < service->type_count; i++) {
        filch_limiter_destroy(service->types[i].limiter);
        fl_record_end(&service->types[i].record);
    }
    fl_record_end(&service->other);
    free(service->types);
}

fl_service_type *fl_service_type_of(const filch_service *service, const char *type)
{
    const fl_service_type key = {.handler = {.type = type}};
    return bsearch(&key, service->types, service->type_count, sizeof key, compare);
}
