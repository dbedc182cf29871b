/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan; needs filch_shared_parts
 *
 * The probe of a configuration, before a command measures with it. */
#include <signal.h>
#include <sys/time.h>
#include <tests/support/test.h>
#include <tools/shared/probe.h>

static void pass(int number)
{
}

/* SIGALRM every 200 us, which interrupts system calls. */
static void set_alarms(bool on)
{
    const struct sigaction action = {.sa_handler = pass};
    const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, on ? &often : &never, NULL);
}

Test(probe, caught_signal_does_not_end_probe)
{
    char text[4096];
    for (unsigned workers = 1; workers <= 8; workers += 7) {
        unsigned answered = 0;
        set_alarms(true);
        int rc = probe_runtime(&(filch_config){.workers = workers}, &answered, text, sizeof text);
        set_alarms(false);
        cr_assert_eq(rc, 0, "%s", text);
        cr_assert_eq(answered, workers);
    }
}

Test(probe, refused_configuration_gives_runtime_message)
{
    char text[4096];
    unsigned workers;
    cr_assert_eq(probe_runtime(&(filch_config){.queue = "none"}, &workers, text, sizeof text),
                 -EINVAL);
    cr_assert_not_null(strstr(text, "chase-lev"), "%s", text);
}
