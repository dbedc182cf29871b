/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No bug: check and withdrawal in one critical region, dependences, locks in one order, a reduction. */
#include <omp.h>

static long balance = 100, withdrawn;

static void withdraw(long amount)
{
#pragma omp critical
    if (balance >= amount) {
        balance -= amount;
        withdrawn += amount;
    }
}

static int in_order(void)
{
    int step = 0, seen = 0;
#pragma omp parallel
#pragma omp single
    {
#pragma omp task depend(out : step)
        step = 1;
#pragma omp task depend(in : step)
        seen = step;
#pragma omp taskwait
    }
    return seen == 1;
}

static int by_locks(void)
{
    omp_lock_t lock;
    int entered = 0;
    omp_init_lock(&lock);
#pragma omp parallel num_threads(3)
    {
        omp_set_lock(&lock);
        entered++;
        omp_unset_lock(&lock);
    }
    omp_destroy_lock(&lock);
    return entered;
}

int main(void)
{
    long sum = 0;
#pragma omp parallel
#pragma omp single
    {
#pragma omp task
        withdraw(60);
#pragma omp task
        withdraw(70);
    }
#pragma omp parallel for schedule(dynamic, 1) reduction(+ : sum)
    for (int i = 0; i < 4; i++)
        sum += i;
    return balance + withdrawn != 100 || balance < 0 || sum != 6 || !in_order() || by_locks() != 3;
}
