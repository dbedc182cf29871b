/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of services, beside bare loops of the same statements or calls. bar-worker-chaos and
 * bar-worker-images are programs of their own: they have other options, and the latter is the
 * service that it measures. */
#include "brokers.h"

int main(int argc, char **argv)
{
    static const bar bars[] = {
        {"worker-rate", NULL, worker_rate, 0, "JOBS"},
        {"worker-latency", NULL, worker_latency, 0, "0"},
        {"worker-return", NULL, worker_return, 0, "0"},
#ifdef FILCH_WORKER
        {"worker-start", NULL, worker_start, 0, "0"},
        {"worker-memory", NULL, worker_memory, 1000, "JOBS"},
#endif
    };
    return bars_main(argc, argv, bars, sizeof bars / sizeof bars[0]);
}
