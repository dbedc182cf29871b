/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scripts that cancel leased messages. A retry is a new entry, so a mark does not name the entry but
 * what stays: the id and the time of the publication. */
#include <runtime/service/brokers/redis/lua.h>

/* The number of an entry of another program is both, as redis_message.c reads it. */
const char fl_redis_identity[] =
    "local function is(v, entry, id)\n"
    "  return (string.match(v[4], '^%Z*%z(%Z*)%z') or entry) == id\n"
    "end\n"
    "local function seen_of(v, entry)\n"
    "  local seen = string.match(v[4], '^%Z*%z%Z*%z%Z*%z%Z*%z(%Z*)%z') or ''\n"
    "  if seen ~= '' then return seen end\n"
    "  local ms = string.match(entry, '^%d+')\n"
    "  return tonumber(ms) <= 9223372036854 and ms .. '000000' or '0'\n"
    "end\n";

/* ARGV: queue, id, priority, from. Looks at some leased messages. Returns {1: found and marked, from
 * where to go on; nothing: the end}. */
const char fl_redis_stop_it[] =
    "local queue, id, p, from = unpack(ARGV)\n"
    "local key, STEP = queue .. ':' .. p, 32\n"
    "local rows = pending(key, 'filch', from, '+', STEP)\n"
    "for _, row in ipairs(rows) do\n"
    "  local lease = lease_of(row[2])\n"
    "  local v = lease and row[3] < lease and entry(key, row[1])\n"
    "  if v and is(v, row[1], id) then\n"
    "    redis.call('HSET', queue .. ':stops', seen_of(v, row[1]) .. ':' .. id, '')\n"
    "    redis.call('EXPIRE', queue .. ':stops', 86400)\n"
    "    return {1, ''}\n"
    "  end\n"
    "end\n"
    "return {0, #rows < STEP and '' or '(' .. rows[#rows][1]}\n";

/* ARGV: queues. Returns the marks of each. */
const char fl_redis_list_stops[] =
    "local all = {}\n"
    "for i, queue in ipairs(ARGV) do all[i] = redis.call('HKEYS', queue .. ':stops') end\n"
    "return all\n";

/* ARGV: queue and mark, one after the other. */
const char fl_redis_drop_some_stops[] =
    "for i = 1, #ARGV, 2 do redis.call('HDEL', ARGV[i] .. ':stops', ARGV[i + 1]) end\n"
    "return {}\n";
