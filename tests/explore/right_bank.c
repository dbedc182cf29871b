/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No bug: check and withdrawal under one lock, a condition in a loop, a channel that its only
 * sender closes. */
#include <err.h>
#include <filch/filch.h>

static filch_mutex mutex;
static filch_condition paid_in;
static filch_channel *withdrawn;
static long balance = 100;

static void withdraw(filch_self self, void *arg)
{
    (void)self;
    long amount = *(long *)arg;
    filch_mutex_lock(&mutex);
    while (balance < amount)
        filch_condition_wait(&paid_in, &mutex);
    balance -= amount;
    filch_mutex_unlock(&mutex);
    filch_channel_send(withdrawn, &amount);
}

static void pay_in(filch_self self, void *arg)
{
    (void)self;
    filch_mutex_lock(&mutex);
    balance += *(long *)arg;
    filch_mutex_unlock(&mutex);
    filch_condition_broadcast(&paid_in);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    long amounts[] = {60, 70, 50}, sum = 0;
    if (filch_channel_create(&withdrawn, sizeof(long), 1))
        errx(2, "%s", filch_error());
    filch_go(rt, withdraw, &amounts[0]);
    filch_go(rt, withdraw, &amounts[1]);
    filch_go(rt, pay_in, &amounts[2]);
    for (int i = 0; i < 2; i++) {
        long one;
        filch_channel_receive(withdrawn, &one);
        sum += one;
    }
    int rc = filch_runtime_destroy(rt);
    filch_channel_destroy(withdrawn);
    return rc || sum != 130 || balance != 20;
}
