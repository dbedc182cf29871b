/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Functions in Lua that the scripts of the broker `redis:` have in common. A script is a
 * concatenation of these and a text of its own; each part uses those above it. */
#ifndef FL_REDIS_LUA_H
#define FL_REDIS_LUA_H

extern const char fl_redis_times[];
extern const char fl_redis_messages[];
extern const char fl_redis_clockwork[];
extern const char fl_redis_leases[];
extern const char fl_redis_answers[];
extern const char fl_redis_identity[];

/* Scripts of lua.c. */
extern const char fl_redis_stop_it[];
extern const char fl_redis_list_stops[];
extern const char fl_redis_drop_some_stops[];
extern const char fl_redis_records[];

#endif
