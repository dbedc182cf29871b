/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Prices of a container service: AWS Fargate, Linux on x86, us-east-1, as published in 2025 at
 * https://aws.amazon.com/fargate/pricing/. Options of the programs override them. */
#ifndef BARS_CLOUD_PRICES_H
#define BARS_CLOUD_PRICES_H

typedef struct cloud_prices {
    double cpu_hour, gib_hour; /* dollars */
    double gib_per_cpu;        /* of the container: 0.5 CPUs and 1 GiB */
} cloud_prices;

#define CLOUD_PRICES ((cloud_prices){.cpu_hour = 0.04048, .gib_hour = 0.004445, .gib_per_cpu = 2})

/* Of a task that needs so many CPU seconds, in containers whose CPUs are busy. */
static inline double cloud_cost(const cloud_prices *p, double cpu_seconds)
{
    return cpu_seconds / 3600 * (p->cpu_hour + p->gib_per_cpu * p->gib_hour);
}

#endif
