/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/pulse.h>

#include <runtime/service/service.h>

void fl_service_pulse_set(filch_service *service, fl_pulse_fn *fn, void *arg, int64_t every)
{
    service->pulse = (fl_pulse){.fn = fn, .arg = arg, .every = every};
}

void fl_service_pulse(filch_service *service)
{
    fl_pulse *pulse = &service->pulse;
    int64_t now = pulse->fn ? filch_now() : 0;
    if (!pulse->fn || now < pulse->due)
        return;
    pulse->fn(pulse->arg);
    pulse->due = now + pulse->every;
}

int64_t fl_service_pulse_due(const filch_service *service)
{
    return service->pulse.fn ? service->pulse.due : FILCH_FOREVER;
}
