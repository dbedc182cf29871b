/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis_scripts.h>

#include <runtime/service/brokers/redis_lua.h>

#include <stdlib.h>
#include <string.h>

/* ARGV: queue, consumer, most, token, lease in ms, longest body. Returns {us until the next delayed
 * message or end of a lease (-1: none), messages}. All are leased before the first is looked at: an
 * error that comes then loses none. */
static const char receive[] =
    "local queue, worker, want = ARGV[1], ARGV[2], tonumber(ARGV[3])\n"
    "local token, lease, body_most = ARGV[4] * 1024, tonumber(ARGV[5]), tonumber(ARGV[6])\n"
    "local paused, looked, LOOKS = {}, 0, 2000 + want\n"
    "for _, kind in ipairs(redis.call('SMEMBERS', queue .. ':paused')) do\n"
    "  paused[kind] = true\n"
    "end\n"
    "if paused[''] then return {-1, {}} end\n"
    "local function step() return math.min(STEP, want - #out) end\n"
    "local function goes_on() return #out < want and size < ROOM and looked < LOOKS end\n"
    "local function expire(queue, p, id, v)\n"
    "  bury(queue, p, id, v, v[4], 'x-dlq-reason\\0expired\\0x-dlq-timestamp\\0' .. t[1] ..\n"
    "    '\\0x-original-queue\\0' .. string.sub(queue, 7) .. '\\0' .. v[5])\n"
    "end\n"
    "local function take(p, id, deliveries, v)\n"
    "  looked = looked + 1\n"
    "  if v[2] ~= '' and (tonumber(v[2]) or 0) <= now then expire(queue, p, id, v)\n"
    "  elseif paused[v[1]] then\n"
    "    claim(queue .. ':' .. p, 'paused:' .. v[1], 0, deliveries - 1, id)\n"
    "  else answer(p, id, deliveries, v, body_most) end\n"
    "end\n"
    "local function take_returned(p, key)\n"
    "  local rows = pending(key, 'filch', '-', '+', step(), 'returned')\n"
    "  for _, row in ipairs(rows) do\n"
    "    local deliveries = math.min(row[4] % 1024 + 1, 1023)\n"
    "    local v = entry(key, row[1])\n"
    "    if v then\n"
    "      claim(key, worker, lease, token + deliveries, row[1])\n"
    "      take(p, row[1], deliveries, v)\n"
    "    else redis.call('XACK', key, 'filch', row[1]) end\n"
    "  end\n"
    "  return #rows > 0\n"
    "end\n"
    "local function take_new(p, key)\n"
    "  local count = step()\n"
    "  local order = {'XREADGROUP', 'GROUP', 'filch', worker, 'COUNT', count, 'NOACK', 'STREAMS',\n"
    "    key, '>'}\n"
    "  local read = redis.pcall(unpack(order))\n"
    "  if read and read.err then\n"
    "    redis.call('XGROUP', 'CREATE', key, 'filch', '0')\n"
    "    read = redis.call(unpack(order))\n"
    "  end\n"
    "  local entries, ids = read and read[1][2] or {}, {}\n"
    "  for i, e in ipairs(entries) do ids[i] = e[1] end\n"
    "  if ids[1] then claim_all(key, worker, lease, token + 1, ids) end\n"
    "  for _, e in ipairs(entries) do take(p, e[1], 1, values(e[2])) end\n"
    "  return #entries == count\n"
    "end\n"
    "local first, swept = move_due(queue), sweep(queue)\n"
    "for p = 9, 0, -1 do\n"
    "  local key = queue .. ':' .. p\n"
    "  if goes_on() and redis.call('XLEN', key) > 0 then\n"
    "    while goes_on() and take_returned(p, key) do end\n"
    "    while goes_on() and take_new(p, key) do end\n"
    "  end\n"
    "end\n"
    "if looked > 0 then swept = leased(queue, lease) end\n"
    "if swept and (not first or swept * 1000 < first) then first = swept * 1000 end\n"
    "if looked >= LOOKS then first = now end\n"
    "return {first and math.max(first - now, 0) or -1, out}\n";

/* ARGV: for each settlement verb, queue, priority, entry, counter, dedup, delay in us, about,
 * headers. Returns the statuses: 0; 1: stale; 2: not settled. */
static const char settle[] =
    "local status, done = {}, {}\n"
    "local function finish(key, id)\n"
    "  done[key] = done[key] or {}\n"
    "  table.insert(done[key], id)\n"
    "end\n"
    "local verbs = {}\n"
    "function verbs.ack(queue, p, id, counter, dedup)\n"
    "  free(dedup)\n"
    "  finish(queue .. ':' .. p, id)\n"
    "end\n"
    "verbs['return'] = function(queue, p, id, counter)\n"
    "  claim(queue .. ':' .. p, 'returned', 0, math.max(counter % 1024 - 1, 0), id)\n"
    "  wake(queue)\n"
    "end\n"
    "function verbs.retry(queue, p, id, counter, dedup, delay, about)\n"
    "  local v = entry(queue .. ':' .. p, id)\n"
    "  if not v then return end\n"
    "  v[4], delay = about, tonumber(delay)\n"
    "  local error\n"
    "  if delay > 0 then error = hold(queue, p, delay, v) else error = add(queue, p, v) end\n"
    "  if not error then forget(queue .. ':' .. p, id) end\n"
    "  return error\n"
    "end\n"
    "function verbs.dead(queue, p, id, counter, dedup, delay, about, headers)\n"
    "  local v = entry(queue .. ':' .. p, id)\n"
    "  return v and bury(queue, p, id, v, about, headers)\n"
    "end\n"
    "for i = 1, #ARGV, 9 do\n"
    "  local queue, p, id, counter = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])\n"
    "  local row = pending(queue .. ':' .. p, 'filch', id, id, 1)[1]\n"
    "  local error\n"
    "  if not row or row[4] ~= counter then status[#status + 1] = 1\n"
    "  else\n"
    "    error = verbs[ARGV[i]](queue, p, id, counter, unpack(ARGV, i + 5, i + 8))\n"
    "    status[#status + 1] = error and 2 or 0\n"
    "  end\n"
    "end\n"
    "for key, ids in pairs(done) do\n"
    "  for i = 1, #ids, 1000 do\n"
    "    local last = math.min(i + 999, #ids)\n"
    "    redis.call('XACK', key, 'filch', unpack(ids, i, last))\n"
    "    redis.call('XDEL', key, unpack(ids, i, last))\n"
    "  end\n"
    "end\n"
    "return status\n";

/* ARGV: consumer, lease in ms; for each delivery queue, priority, entry, counter. Returns 1 for each
 * lease that is extended, else 0. */
static const char extend[] =
    "local held, lease = {}, tonumber(ARGV[2])\n"
    "for i = 3, #ARGV, 4 do\n"
    "  local key, id, counter = ARGV[i] .. ':' .. ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])\n"
    "  local row = pending(key, 'filch', id, id, 1)[1]\n"
    "  local holds = row and row[4] == counter\n"
    "  if holds then\n"
    "    claim(key, ARGV[1], lease, counter, id)\n"
    "    leased(ARGV[i], lease)\n"
    "  end\n"
    "  held[#held + 1] = holds and 1 or 0\n"
    "end\n"
    "return held\n";

/* ARGV: for each message queue, priority, delay in us, us until it expires or nothing, dedup, type,
 * about, headers, body. Returns the statuses: 0; 1: the key is taken; 2: no memory. */
static const char publish[] =
    "local status = {}\n"
    "local function one(queue, p, delay, life, dedup, type, about, headers, body)\n"
    "  local taken = dedup == '' or redis.pcall('HSETNX', 'filch:dedup', dedup, queue)\n"
    "  if failed(taken) then return failed(taken) end\n"
    "  if taken == 0 then return 'taken' end\n"
    "  local v = {type, life ~= '' and number(now + life) or '', dedup, about, headers, body}\n"
    "  local error\n"
    "  if tonumber(delay) > 0 then error = hold(queue, p, tonumber(delay), v)\n"
    "  else error = add(queue, p, v) end\n"
    "  if error then free(dedup) end\n"
    "  return error\n"
    "end\n"
    "for i = 1, #ARGV, 9 do\n"
    "  local error = one(unpack(ARGV, i, i + 8))\n"
    "  local code = not error and 0 or error == 'taken' and 1\n"
    "  code = code or string.find(error, 'OOM', 1, true) and 2\n"
    "  if not code then return redis.error_reply(error) end\n"
    "  status[#status + 1] = code\n"
    "end\n"
    "return status\n";

/* ARGV: queue. Returns the numbers of fl_broker_count. */
static const char count[] =
    "local function tally(queue)\n"
    "  local all, held = 0, 0\n"
    "  for p = 0, 9 do\n"
    "    all = all + redis.call('XLEN', queue .. ':' .. p)\n"
    "    for _, c in ipairs(consumers(queue .. ':' .. p)) do\n"
    "      if is_worker(c[2]) then held = held + c[4] end\n"
    "    end\n"
    "  end\n"
    "  return all - held, held\n"
    "end\n"
    "move_due(ARGV[1])\n"
    "sweep(ARGV[1])\n"
    "local ready, held = tally(ARGV[1])\n"
    "local dead = tally(ARGV[1] .. '.dlq')\n"
    "return {ready, redis.call('ZCARD', ARGV[1] .. ':delayed'), held, dead}\n";

/* ARGV: queue, most, longest body. Returns messages. */
static const char peek[] =
    "local queue, want, body_most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local function left() return size < ROOM and want - #out or 0 end\n"
    "local function show_waiting(p, key, name)\n"
    "  for _, row in ipairs(pending(key, 'filch', '-', '+', left(), name)) do\n"
    "    local v = left() > 0 and entry(key, row[1])\n"
    "    if v then answer(p, row[1], row[4] % 1024, v, body_most) end\n"
    "  end\n"
    "end\n"
    "local function show_new(p, key)\n"
    "  local from, entries = '-'\n"
    "  for _, g in ipairs(redis.call('XINFO', 'GROUPS', key)) do\n"
    "    if g[2] == 'filch' then from = '(' .. g[8] end\n"
    "  end\n"
    "  repeat\n"
    "    local count = math.min(STEP, left())\n"
    "    entries = count > 0 and redis.call('XRANGE', key, from, '+', 'COUNT', count) or {}\n"
    "    for _, e in ipairs(entries) do\n"
    "      answer(p, e[1], 0, values(e[2]), body_most)\n"
    "      from = '(' .. e[1]\n"
    "    end\n"
    "  until #entries < STEP\n"
    "end\n"
    "move_due(queue)\n"
    "sweep(queue)\n"
    "for p = 9, 0, -1 do\n"
    "  local key = queue .. ':' .. p\n"
    "  if redis.call('XLEN', key) > 0 then\n"
    "    for _, c in ipairs(consumers(key)) do\n"
    "      if not is_worker(c[2]) and c[4] > 0 and left() > 0 then show_waiting(p, key, c[2]) end\n"
    "    end\n"
    "    show_new(p, key)\n"
    "  end\n"
    "end\n"
    "for _, serial in ipairs(redis.call('ZRANGE', queue .. ':delayed', 0, want)) do\n"
    "  local packed = left() > 0 and redis.call('HGET', queue .. ':held', serial)\n"
    "  local m = packed and cmsgpack.unpack(packed)\n"
    "  if m then answer(table.remove(m, 1), serial .. '-0', 0, m, body_most) end\n"
    "end\n"
    "return out\n";

/* ARGV: queue, id, place (0..9, or `delayed`), from. Looks at some messages. Returns {1: found and
 * removed, from where to go on; nothing: the end}. */
static const char cancel[] =
    "local queue, id, place, from = unpack(ARGV)\n"
    "local key, STEP = queue .. ':' .. place, 32\n"
    "local function is(v, entry)\n"
    "  return (string.match(v[4], '^%Z*%z(%Z*)%z') or entry) == id\n"
    "end\n"
    "local function cancel_delayed()\n"
    "  local list = redis.call('ZRANGE', key, from, from + STEP - 1)\n"
    "  for _, serial in ipairs(list) do\n"
    "    local packed = redis.call('HGET', queue .. ':held', serial)\n"
    "    local m = packed and cmsgpack.unpack(packed)\n"
    "    if m and table.remove(m, 1) and is(m) then\n"
    "      free(m[3])\n"
    "      redis.call('ZREM', key, serial)\n"
    "      redis.call('HDEL', queue .. ':held', serial)\n"
    "      return {1, ''}\n"
    "    end\n"
    "  end\n"
    "  return {0, #list < STEP and '' or number(from + STEP)}\n"
    "end\n"
    "local function cancel_ready()\n"
    "  local list = redis.call('XRANGE', key, from, '+', 'COUNT', STEP)\n"
    "  for _, e in ipairs(list) do\n"
    "    local v = values(e[2])\n"
    "    local row = is(v, e[1]) and (pending(key, 'filch', e[1], e[1], 1)[1] or {'', ''})\n"
    "    if row and not is_worker(row[2]) then\n"
    "      free(v[3])\n"
    "      forget(key, e[1])\n"
    "      return {1, ''}\n"
    "    end\n"
    "  end\n"
    "  return {0, #list < STEP and '' or '(' .. list[#list][1]}\n"
    "end\n"
    "if place == 'delayed' then return cancel_delayed() end\n"
    "return cancel_ready()\n";

/* ARGV: queue, type or nothing, 1 or 0. Returns how many messages of the type have been made ready:
 * call it again until there is none. */
static const char pause_it[] =
    "local queue, kind, moved = ARGV[1], ARGV[2], 0\n"
    "if ARGV[3] == '1' then\n"
    "  redis.call('SADD', queue .. ':paused', kind)\n"
    "  return 0\n"
    "end\n"
    "redis.call('SREM', queue .. ':paused', kind)\n"
    "for p = 0, 9 do\n"
    "  local key = queue .. ':' .. p\n"
    "  for _, row in ipairs(pending(key, 'filch', '-', '+', 1000, 'paused:' .. kind)) do\n"
    "    claim(key, 'returned', 0, row[4], row[1])\n"
    "    moved = moved + 1\n"
    "  end\n"
    "end\n"
    "wake(queue)\n"
    "return moved\n";

enum { PARTS = 6 };
static const char *const scripts[FL_REDIS_SCRIPTS][PARTS] = {
    [FL_REDIS_RECEIVE] = {fl_redis_times, fl_redis_messages, fl_redis_clockwork, fl_redis_leases,
                          fl_redis_answers, receive},
    [FL_REDIS_SETTLE] = {fl_redis_times, fl_redis_messages, settle},
    [FL_REDIS_EXTEND] = {fl_redis_times, fl_redis_leases, extend},
    [FL_REDIS_PUBLISH] = {fl_redis_times, fl_redis_messages, publish},
    [FL_REDIS_COUNT] = {fl_redis_times, fl_redis_messages, fl_redis_clockwork, count},
    [FL_REDIS_PEEK] = {fl_redis_times, fl_redis_messages, fl_redis_clockwork, fl_redis_answers,
                       peek},
    [FL_REDIS_CANCEL] = {fl_redis_times, fl_redis_messages, cancel},
    [FL_REDIS_PAUSE] = {fl_redis_times, pause_it},
};

char *fl_redis_script_text(fl_redis_script which)
{
    size_t size = 1, used = 0;
    for (unsigned i = 0; i < PARTS && scripts[which][i]; i++)
        size += strlen(scripts[which][i]);
    char *text = malloc(size);
    for (unsigned i = 0; text && i < PARTS && scripts[which][i]; i++) {
        size_t length = strlen(scripts[which][i]);
        memcpy(text + used, scripts[which][i], length + 1);
        used += length;
    }
    return text;
}
