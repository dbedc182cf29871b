/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/users.h>

#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>

#include <errno.h>

void fl_users_enter(fl_users *users, fl_user *user, const char *kind, const char *name)
{
    fl_lock(&users->lock);
    *user = (fl_user){.kind = kind, .name = name, .next = users->first};
    users->first = user;
    fl_unlock(&users->lock);
}

void fl_users_leave(fl_users *users, fl_user *user)
{
    fl_lock(&users->lock);
    fl_user **at = &users->first;
    while (*at != user)
        at = &(*at)->next;
    *at = user->next;
    fl_unlock(&users->lock);
}

/* A user's name may be gone when it has left. */
int fl_users_refuse(fl_users *users, const char *call)
{
    fl_lock(&users->lock);
    const fl_user *one = users->first;
    int rc = one ? fl_fail(EBUSY, "%s: %s %s still uses it; destroy that first", call, one->kind,
                           one->name)
                 : 0;
    fl_unlock(&users->lock);
    return rc;
}
