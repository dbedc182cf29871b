/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "brokers.h"

#define BROKER(name) extern const worker_broker worker_broker_##name;
#include <worker_brokers.h> /* made from the files bar_SERVER.c */
#undef BROKER
#define BROKER(name) &worker_broker_##name,

const worker_broker *const worker_brokers[] = {
#include <worker_brokers.h>
    NULL,
};

bool worker_judge(const measure_options *options,
                  bool (*judge)(const measure_options *options, const worker_setting *setting))
{
    bool reached = true;
    for (const worker_broker *const *b = worker_brokers; *b; b++)
        if (measure_wanted(options, (*b)->server.name))
            for (const worker_setting *s = (*b)->settings; s->name; s++)
                reached &= judge(options, s);
    return reached;
}

const worker_server *worker_server_of(const char *name)
{
    for (const worker_broker *const *b = worker_brokers; *b; b++)
        if (!(*b)->server.is_in_memory && strcmp((*b)->server.name, name) == 0)
            return &(*b)->server;
    fprintf(stderr, "no broker %s (valid:", name);
    for (const worker_broker *const *b = worker_brokers; *b; b++)
        if (!(*b)->server.is_in_memory)
            fprintf(stderr, " %s", (*b)->server.name);
    fprintf(stderr, ")\n");
    exit(2);
}
