/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deadlock: two transfers in opposite directions lock the same two accounts in opposite order. */
#include <err.h>
#include <filch/filch.h>

typedef struct account {
    filch_mutex mutex;
    long balance;
} account;

static account accounts[2] = {{.balance = 50}, {.balance = 50}};

static void transfer(account *from, account *to, long amount)
{
    filch_mutex_lock(&from->mutex);
    filch_mutex_lock(&to->mutex);
    from->balance -= amount;
    to->balance += amount;
    filch_mutex_unlock(&to->mutex);
    filch_mutex_unlock(&from->mutex);
}

static void forth(filch_self self, void *arg)
{
    (void)self, (void)arg;
    transfer(&accounts[0], &accounts[1], 10);
}

static void back(filch_self self, void *arg)
{
    (void)self, (void)arg;
    transfer(&accounts[1], &accounts[0], 10);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    filch_go(rt, forth, NULL);
    filch_go(rt, back, NULL);
    return filch_runtime_destroy(rt);
}
