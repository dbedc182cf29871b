/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static volatile sig_atomic_t came;

static void note(int number)
{
    (void)number;
    came = 1;
}

/* One that is ignored stays so (nohup). */
static void set(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND}, old;
    for (size_t i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}

void interrupt_catch(void)
{
    set(note);
}

bool interrupt_came(void)
{
    return came != 0;
}

void interrupt_ignore(void)
{
    set(SIG_IGN);
}
