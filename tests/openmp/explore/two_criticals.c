/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Check, then act, in two critical regions: between them another task withdraws. */
static long balance = 100;

static long look(void)
{
    long now;
#pragma omp critical
    now = balance;
    return now;
}

static void withdraw(long amount)
{
    if (look() < amount)
        return;
#pragma omp critical
    balance -= amount;
}

int main(void)
{
#pragma omp parallel
#pragma omp single
    {
#pragma omp task
        withdraw(60);
#pragma omp task
        withdraw(70);
    }
    return balance < 0;
}
