/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An atomicity violation: each access to the balance is locked, but not the check together with
 * the withdrawal. */
#include <err.h>
#include <filch/filch.h>

static filch_mutex mutex;
static long balance = 100;

static long look(void)
{
    filch_mutex_lock(&mutex);
    long now = balance;
    filch_mutex_unlock(&mutex);
    return now;
}

static void withdraw(filch_self self, void *arg)
{
    (void)self;
    long amount = *(long *)arg;
    if (look() < amount)
        return;
    filch_mutex_lock(&mutex);
    balance -= amount;
    filch_mutex_unlock(&mutex);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    long amounts[] = {60, 70};
    filch_go(rt, withdraw, &amounts[0]);
    filch_go(rt, withdraw, &amounts[1]);
    int rc = filch_runtime_destroy(rt);
    if (balance < 0)
        errx(1, "the balance is %ld", balance);
    return rc;
}
