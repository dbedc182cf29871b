/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/sqs/stand_in/sqs_orders.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long number_in(const http_request *request, const char *name)
{
    const char *text = http_query(request, name);
    return text ? strtoul(text, NULL, 10) : 0;
}

/* Its place; an empty one if it was not seen. The last place is for all others. */
static unsigned place_of(const sqs_orders *orders, const char *operation)
{
    unsigned i = 0;
    while (i < SQS_OPERATIONS - 1 && orders->seen[i].count &&
           strcmp(orders->seen[i].operation, operation) != 0)
        i++;
    return i;
}

void sqs_orders_count(sqs_orders *orders, const char *operation)
{
    unsigned i = place_of(orders, operation);
    snprintf(orders->seen[i].operation, SQS_OPERATION_NAME, "%s", operation);
    orders->seen[i].count++;
}

bool sqs_orders_fail(sqs_orders *orders, const char *operation, int entry)
{
    if (!orders->count || orders->entry != entry || strcmp(orders->operation, operation) != 0)
        return false;
    orders->count--;
    return true;
}

static void fail_next(sqs_orders *orders, const http_request *request)
{
    const char *operation = http_query(request, "operation"), *code = http_query(request, "code"),
               *entry = http_query(request, "entry");
    snprintf(orders->operation, sizeof orders->operation, "%s", operation ? operation : "");
    snprintf(orders->code, sizeof orders->code, "%s", code ? code : "");
    orders->count = (unsigned)number_in(request, "count");
    orders->status = (unsigned)number_in(request, "status");
    orders->entry = entry ? atoi(entry) : -1;
}

static unsigned long count_of(const sqs_orders *orders, const sqs_door *door,
                              const http_request *request)
{
    const char *operation = http_query(request, "operation");
    if (!operation)
        return 0;
    return strcmp(operation, "keys") == 0 ? door->fetched
                                          : orders->seen[place_of(orders, operation)].count;
}

bool sqs_orders_answer(sqs_orders *orders, sqs_door *door, http_request *request)
{
    static const char prefix[] = "/stand-in/";
    char text[32] = "0";
    if (strncmp(request->path, prefix, sizeof prefix - 1) != 0)
        return false;
    const char *order = request->path + sizeof prefix - 1;
    if (strcmp(order, "advance") == 0)
        orders->offset += (int64_t)number_in(request, "ns");
    else if (strcmp(order, "fail") == 0)
        fail_next(orders, request);
    else if (strcmp(order, "keys") == 0)
        door->seconds = (long)number_in(request, "seconds");
    else if (strcmp(order, "seen") == 0)
        snprintf(text, sizeof text, "%lu", count_of(orders, door, request));
    http_answer(request, 200, "text/plain", text, strlen(text));
    return true;
}
