/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A NATS server whose disk is full. */
#include <tests/service/brokers/nats/nats.h>
#include <tests/service/full_disk.h>

static char settings[256];

static void revive(void)
{
    nats_kill();
    nats_start(settings);
}

Test(full_disk_nats, publish_fails_but_confirmed_messages_survive)
{
    snprintf(settings, sizeof settings, "jetstream { store_dir: \"%s\", max_file_store: 1GB }",
             disk_make(4));
    nats_start(settings);
    tried_call_timeout = FILCH_SECOND;
    a_full_disk_loses_nothing(
        &(full_disk){&fl_broker_nats, nats_url(""), "(Timeout); check that it runs", revive});
}
