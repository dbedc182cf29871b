/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A taskwait with a lock that the task needs. */
#include <omp.h>

int main(void)
{
    omp_lock_t lock;
    omp_init_lock(&lock);
#pragma omp parallel
#pragma omp single
    {
#pragma omp task
        {
            omp_set_lock(&lock);
            omp_unset_lock(&lock);
        }
        omp_set_lock(&lock);
#pragma omp taskwait
        omp_unset_lock(&lock);
    }
    return 0;
}
