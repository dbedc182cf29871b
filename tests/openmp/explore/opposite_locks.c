/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two locks in opposite order. */
#include <omp.h>

static omp_lock_t one, other;

static void take(omp_lock_t *first, omp_lock_t *second)
{
    omp_set_lock(first);
    omp_set_lock(second);
    omp_unset_lock(second);
    omp_unset_lock(first);
}

int main(void)
{
    omp_init_lock(&one);
    omp_init_lock(&other);
#pragma omp parallel sections
    {
#pragma omp section
        take(&one, &other);
#pragma omp section
        take(&other, &one);
    }
    return 0;
}
