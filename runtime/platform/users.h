/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The users of an object that outlives them: pools whose configuration names a limiter, a breaker or a queue of dead
 * letters. While there is one, the object is not destroyed. Any thread. */
#ifndef FL_USERS_H
#define FL_USERS_H

#include <filch/atomic.h>

/* Lies in the user, which leaves before it goes. */
typedef struct fl_user {
    const char *kind, *name; /* "pool", its name */
    struct fl_user *next;
} fl_user;

/* Lies in the object; zero bytes: no users. */
typedef struct fl_users {
    filch_u32 lock;
    fl_user *first;
} fl_users;

void fl_users_enter(fl_users *users, fl_user *user, const char *kind, const char *name);
void fl_users_leave(fl_users *users, fl_user *user);

/* For a call that destroys the object: 0, or -EBUSY with the name of a user. */
int fl_users_refuse(fl_users *users, const char *call);

#endif
