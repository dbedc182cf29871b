/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A lock for reading is given up for one for writing, and the answer that was read before is taken
 * for granted: the number is entered twice. */
#include <err.h>
#include <filch/filch.h>

enum { ROOM = 4 };
static filch_rwlock lock;
static unsigned numbers[ROOM];
static int count;

/* Takes a while. */
static unsigned square_root(unsigned square, unsigned from)
{
    while (from * from != square)
        from++;
    return from;
}

static bool is_known(unsigned number)
{
    for (int i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static void enter(filch_self self, void *arg)
{
    (void)self;
    unsigned number = square_root(60000u * 60000u, *(unsigned *)arg);
    filch_rwlock_read_lock(&lock);
    bool known = is_known(number);
    filch_rwlock_read_unlock(&lock);
    if (known)
        return;
    filch_rwlock_write_lock(&lock);
    numbers[count++] = number;
    filch_rwlock_write_unlock(&lock);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    unsigned guesses[] = {59000, 1000};
    filch_go(rt, enter, &guesses[0]);
    filch_go(rt, enter, &guesses[1]);
    int rc = filch_runtime_destroy(rt);
    if (count != 1)
        errx(1, "%u is entered %d times", numbers[0], count);
    return rc;
}
