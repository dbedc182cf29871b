/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A shop's orders: validate, reserve, pay, ship. If a step fails or panics, the steps before
 * are undone in the reverse order. Express orders leave first. In the end stock and money are what they
 * have to be. For service authors.
 *
 *   cc -O2 orders.c $(pkg-config --cflags --libs filch) -o orders */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <string.h>

enum { ORDERS = 300, PRODUCTS = 4, DESKS = 4, EXPRESS = 7, SCARCE = 3 };

typedef struct order {
    int number, product, units;
    bool express;
    unsigned steps; /* that are done */
} order;

static const int prices[PRODUCTS] = {5, 12, 30, 99}, supply[PRODUCTS] = {400, 400, 400, 20};
static int stock[PRODUCTS], account; /* under the mutex */
static filch_mutex books;
static filch_pool *lorry;
static filch_waitgroup day; /* the lorry leaves in the evening */
static int others_left, express_late;

/* The only place where anything changes hands. -ENOBUFS: there is not enough of it. */
static int book(const order *o, int units, int money)
{
    filch_mutex_lock(&books);
    bool enough = stock[o->product] + units >= 0;
    stock[o->product] += enough ? units : 0;
    account += enough ? money : 0;
    filch_mutex_unlock(&books);
    return enough ? 0 : -ENOBUFS;
}

static int validate(order *o)
{
    return o->product < PRODUCTS ? 0 : -EINVAL;
}

static int reserve(order *o)
{
    return book(o, -o->units, 0);
}

static int put_back(order *o)
{
    return book(o, o->units, 0);
}

static int pay(order *o) /* the bank refuses some */
{
    return o->number % 10 == 0 ? -EACCES : book(o, 0, o->units * prices[o->product]);
}

static int refund(order *o)
{
    return book(o, 0, -o->units * prices[o->product]);
}

static int ship(order *o)
{
    if (o->number % 26 == 0)
        FILCH_PANIC(-EHOSTUNREACH, "order %d: no such street", o->number);
    express_late += o->express && others_left; /* one lorry: no lock */
    others_left += !o->express;
    return 0;
}

/* A step, and the step that undoes it. */
enum { VALIDATE, RESERVE, PAY, SHIP, STEPS };
static int (*const does[STEPS])(order *) = {validate, reserve, pay, ship};
static int (*const undoes[STEPS])(order *) = {[RESERVE] = put_back, [PAY] = refund};

/* Told of each job, however it has ended, the panics too: so here, and nowhere else, is what undoes. */
static void settle(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job, (void)why;
    order *o = data;
    if (outcome == FILCH_SUCCEEDED)
        return;
    for (unsigned step = o->steps; step-- > 0;)
        if (undoes[step])
            undoes[step](o);
}

static int advance(order *o, unsigned to)
{
    int rc = 0;
    for (; o->steps < to && !rc; o->steps += !rc)
        rc = does[o->steps](o);
    return rc;
}

static int load(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    return advance(data, STEPS);
}

static int handle(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    order *o = data;
    int rc = advance(o, SHIP);
    unsigned priority = o->express ? EXPRESS : 0;
    return rc ? rc : FILCH_SUBMIT_AS(lorry, load, o, .priority = priority, .done = settle);
}

/* Holds the lorry's only place, so that all orders of the day wait for it in the queue. */
static int wait_for_evening(filch_self self, filch_job *job, void *unused)
{
    (void)self, (void)job, (void)unused;
    filch_waitgroup_wait(&day);
    return 0;
}

static int run(order *orders)
{
    filch_pool *desks;
    filch_pool_config one = {.name = "lorry",
                             .workers = 1,
                             .order = FILCH_PRIORITY,
                             .aging = 3600 * FILCH_SECOND};
    int rc = filch_pool_create(&desks, &(filch_pool_config){.name = "desks", .width = DESKS});
    rc = rc ? rc : filch_pool_create(&lorry, &one);
    if (rc)
        return rc;
    filch_waitgroup_add(&day, 1);
    rc = FILCH_SUBMIT_AS(lorry, wait_for_evening, NULL, .priority = EXPRESS);
    for (int n = 1; n <= ORDERS && !rc; n++) {
        int product = n % 50 == 49 ? PRODUCTS : n % PRODUCTS;
        orders[n - 1] = (order){n, product, product == SCARCE ? 1 : 1 + n % 3, n % 7 == 0, 0};
        rc = FILCH_SUBMIT_AS(desks, handle, &orders[n - 1], .done = settle);
    }
    filch_pool_destroy(desks); /* all is paid, or undone */
    filch_waitgroup_done(&day);
    filch_pool_destroy(lorry);
    return rc;
}

int main(void)
{
    static order orders[ORDERS];
    int ended[STEPS + 1] = {0};
    memcpy(stock, supply, sizeof stock);
    if (run(orders))
        return fprintf(stderr, "orders: %s\n", filch_error()), 1;
    for (const order *o = orders; o < orders + ORDERS; o++) {
        ended[o->steps]++;
        if (o->steps == STEPS) /* takes what was shipped out of the books: then nothing is left */
            book(o, o->units, -o->units * prices[o->product]);
    }
    printf("%d not valid, %d not in stock, %d not paid, %d not shipped\n", ended[VALIDATE],
           ended[RESERVE], ended[PAY], ended[SHIP]);
    printf("%d shipped; express orders that left after others: %d\n", ended[STEPS], express_late);
    bool exact = account == 0 && !memcmp(stock, supply, sizeof stock);
    printf("stock and account are exact: %s\n", exact ? "yes" : "no");
    return !exact;
}
