/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_service_static jansson; wraps calloc free fmemopen
 *
 * Without memory, a configuration is refused with -ENOMEM or -EINVAL and a sentence, at any of its
 * allocations, and a secret is not shown. Linked with wrappers of calloc and fmemopen. */
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>
#include <stdio.h>
#include <tests/support/test.h>

static int left = -1; /* calls until the refusal; negative: none is due */
static int held;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    if (left == 0 || (left > 0 && left-- == 0))
        return NULL;
    void *block = __real_calloc(count, size);
    held += block != NULL;
    return block;
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
    held -= block != NULL;
    __real_free(block);
}

FILE *__wrap_fmemopen(void *buffer, size_t size, const char *mode);
FILE *__wrap_fmemopen(void *buffer, size_t size, const char *mode)
{
    return NULL;
}

static int load(fl_configuration *out, fl_handler_table *table)
{
    static char program[] = "worker", queues[] = "--queues=a=2,b",
                handlers[] = "--handlers=[{\"type\":\"x\",\"sleep\":[],\"rate\":\"5/s\","
                             "\"breaker\":true}]",
                url[] = "RABBITMQ_URL=amqp://u:hunter2@h";
    static char *argv[] = {program, queues, handlers, NULL}, *environment[] = {url, NULL};
    fl_command_line line;
    int rc = fl_configuration_load(out, &line, 3, argv, environment);
    return rc ? rc : fl_handler_table_init(table, out, NULL, 0);
}

Test(refused_configuration, each_allocation_may_fail)
{
    int rc = -ENOMEM;
    unsigned failures = 0;
    for (int at = 0; rc; at++) {
        fl_configuration got = {0};
        fl_handler_table table = {0};
        const int before = held;
        left = at;
        rc = load(&got, &table);
        left = -1;
        failures += rc != 0;
        cr_assert(!rc || rc == -ENOMEM || rc == -EINVAL, "%d: %d", at, rc);
        cr_assert(!rc || strlen(filch_error()) > 8, "%d: '%s'", at, filch_error());
        fl_handler_table_end(&table);
        fl_configuration_end(&got);
        cr_assert_leq(held, before, "%d: a block is left", at);
    }
    cr_assert_geq(failures, 20);
}

Test(refused_configuration, unmaskable_url_is_not_shown)
{
    char shown[64] = "x";
    fl_mask(fl_key_of(FL_KEY_OF_SERVICE, "broker", 6), "amqp://u:hunter2@h", shown, sizeof shown);
    cr_assert_str_eq(shown, "");
}
