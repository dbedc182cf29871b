/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/uses.h>

#include <runtime/platform/given.h>
#include <runtime/platform/users.h>
#include <runtime/pool/pool.h>
#include <runtime/resilience/breaker.h>
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/limiter.h>

/* Of each object that the configuration names, or NULL; in the order of pool->uses. */
static void find(const filch_pool *pool, fl_users *users[FL_POOL_USES])
{
    const filch_pool_config *config = &pool->config;
    users[0] = config->limiter ? &config->limiter->users : NULL;
    users[1] = config->breaker ? fl_breaker_users(config->breaker) : NULL;
    users[2] = config->dead_letters ? &config->dead_letters->users : NULL;
}

void fl_uses_begin(filch_pool *pool)
{
    fl_users *users[FL_POOL_USES];
    find(pool, users);
    for (unsigned i = 0; i < FL_POOL_USES; i++)
        if (users[i])
            fl_users_enter(users[i], &pool->uses[i], "pool", pool->config.name);
}

void fl_uses_end(filch_pool *pool)
{
    fl_users *users[FL_POOL_USES];
    find(pool, users);
    for (unsigned i = 0; i < FL_POOL_USES; i++)
        if (users[i])
            fl_users_leave(users[i], &pool->uses[i]);
}
