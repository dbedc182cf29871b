/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long
 *
 * The broker `sqs:` conforms to the interface against fauxqs, another implementation of the protocol:
 * tools/packages.sh fetches it. It takes a second to start, so one test makes all claims. */
#include <tests/service/broker.h>
#include <tests/service/brokers/sqs/sqs.h>
#include <tests/service/brokers/sqs/sqs_clock.h>
#include <tests/service/brokers/sqs/sqs_sizes.h>

static void start_fauxqs(void)
{
    static char before[] = STAND_INS "/fauxqs_without_sqlite.mjs",
                runner[] = STAND_INS "/fauxqs.mjs", fauxqs[] = FAUXQS;
    if (access(FAUXQS "/dist/app.js", R_OK) || system("command -v node >/dev/null 2>&1"))
        cr_skip_test("fauxqs or node not found (./tools/test.sh all fetches it; Debian: nodejs)");
    sqs_run((char *[]){"setpriv", "--pdeathsig", "KILL", "node", "--import", before, runner, fauxqs,
                       NULL});
    sqs_set_environment("");
}

static const char *fresh_url(void)
{
    sqs_order("fresh");
    return sqs_url("");
}

static const tested_broker tested = {.kind = &fl_broker_sqs,
                                     .fresh_url = fresh_url,
                                     .pass = sqs_pass,
                                     .counts_returns = true,
                                     .reads_ahead = true, /* a returned message is the last */
                                     .body_most = 700000};

#undef BROKER_CLAIM
#define BROKER_CLAIM(broker, tested, claim) claim(&(tested));

Test(sqs_fauxqs, the_broker_conforms)
{
    start_fauxqs();
    BROKER_CONFORMS(sqs_fauxqs, tested)
    a_queue_has_its_own_limit(&tested);
    large_messages_are_published_together(&tested);
    large_foreign_messages_are_retried(&tested);
}
