/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A request asks services, which ask others; each call may take so long, and all calls below it have no more time than it
 * has itself. A slow call is given up with everything below it; the rest is answered. Shows a tree of contexts with
 * deadlines, and of scopes.
 *
 *   cc -O2 deadlines.c $(pkg-config --cflags --libs filch) -o deadlines
 *   ./deadlines */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <stdio.h>

enum { MOST = 3, NEVER = 1000000 };

typedef struct service {
    const char *name;
    int takes, allows; /* ms: for its own work; at most, with all below it */
    int cause;         /* out: 0, or why it was given up */
    struct service *below[MOST];
} service;

static int ask(filch_self self, filch_scope *asker, void *arg)
{
    (void)self;
    service *s = arg;
    filch_context *context;
    filch_scope below;
    int64_t end = filch_in(s->allows * FILCH_MILLISECOND);
    int rc = filch_context_create_until(&context, filch_scope_context(asker), end);
    if (rc)
        return rc;
    rc = filch_scope_begin(&below, NULL, context);
    for (int i = 0; !rc && i < MOST && s->below[i]; i++)
        rc = FILCH_SPAWN(&below, ask, s->below[i]);
    filch_context_wait(context, filch_in(s->takes * FILCH_MILLISECOND)); /* instead of work */
    s->cause = filch_context_cause(context);
    rc = rc ? rc : filch_scope_end(&below);
    filch_context_release(context);
    return rc;
}

static void print(const service *s, int depth)
{
    printf("%*s%s: %s\n", 2 * depth, "", s->name, s->cause ? "given up" : "answered");
    for (int i = 0; i < MOST && s->below[i]; i++)
        print(s->below[i], depth + 1);
}

int main(void)
{
    service cache = {"cache", 0, 5000, 0, {0}};
    service archive = {"archive", NEVER, 60000, 0, {&cache}}; /* more than its asker has */
    service stock = {"stock", 0, 5000, 0, {0}};
    service prices = {"prices", NEVER, 50, 0, {0}};
    service shop = {"shop", 0, 5000, 0, {&stock, &prices}};
    service weather = {"weather", NEVER, 100, 0, {&archive}};
    service page = {"page", 0, 5000, 0, {&shop, &weather}};
    filch_runtime *rt;
    filch_scope request;
    if (filch_runtime_create(&rt, NULL) || filch_scope_begin(&request, rt, NULL) ||
        FILCH_SPAWN(&request, ask, &page))
        errx(1, "%s", filch_error());
    if (filch_scope_end(&request))
        errx(1, "%s", filch_error());
    print(&page, 0);
    return filch_runtime_destroy(rt);
}
