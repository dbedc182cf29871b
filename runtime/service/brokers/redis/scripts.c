/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/scripts.h>

#include <runtime/service/brokers/redis/lua.h>

#include <stdlib.h>
#include <string.h>

/* ARGV: queue, consumer, most, lease in ms, longest body. Returns {us until the next delayed message
 * or end of a lease (-1: none), losses, priority of the stream if its new messages have filled the
 * batch and are usual (else -1), messages}. A message is leased before it is looked at, so an
 * error that comes then does not lose it. The usual message is passed on as it is. */
static const char receive[] =
    "local queue, worker, want = ARGV[1], ARGV[2], tonumber(ARGV[3])\n"
    "local lease, body_most = tonumber(ARGV[4]), tonumber(ARGV[5])\n"
    "local paused, any_paused, looked, LOOKS = {}, false, 0, 2000 + want\n"
    "local usual, stream, LARGE = 0, -1, 1048576\n"
    "for _, kind in ipairs(redis.call('SMEMBERS', queue .. ':paused')) do\n"
    "  paused[kind], any_paused = true, true\n"
    "end\n"
    "local function losses()\n"
    "  return tonumber(redis.call('GET', queue .. ':losses') or 0) % 536870912\n"
    "end\n"
    "if paused[''] then return {-1, losses(), -1, {}} end\n"
    "local function step() return math.min(STEP, want - #out) end\n"
    "local function goes_on() return #out < want and size < ROOM and looked < LOOKS end\n"
    "local function expire(queue, p, id, v)\n"
    "  bury(queue, p, id, v, v[4], 'x-dlq-reason\\0expired\\0x-dlq-timestamp\\0' .. t[1] ..\n"
    "    '\\0x-original-queue\\0' .. string.sub(queue, 7) .. '\\0' .. v[5])\n"
    "end\n"
    "local function take(p, id, counter, v)\n"
    "  if v[2] ~= '' and (tonumber(v[2]) or 0) <= now then expire(queue, p, id, v)\n"
    "  elseif paused[v[1]] then\n"
    "    claim(queue .. ':' .. p, 'paused:' .. v[1], counter + 1023, id)\n"
    "  else answer(p, id, counter, v, body_most) end\n"
    "end\n"
    "local function is_usual(f)\n"
    "  return #f == 6 and not any_paused and f[1] == 'type' and f[3] == 'about' and\n"
    "    f[5] == 'body' and #f[6] <= body_most\n"
    "end\n"
    "local function take_returned(p, key)\n"
    "  local rows = pending(key, 'filch', '-', '+', step(), 'returned')\n"
    "  for _, row in ipairs(rows) do\n"
    "    local counter = row[4] + (row[4] % 1024 < 1023 and 1 or 1024)\n"
    "    local v = entry(key, row[1])\n"
    "    looked = looked + 1\n"
    "    if v then\n"
    "      claim(key, worker, counter, row[1])\n"
    "      take(p, row[1], counter, v)\n"
    "    else redis.call('XACK', key, 'filch', row[1]) end\n"
    "  end\n"
    "  return #rows > 0\n"
    "end\n"
    "local function take_new(p, key)\n"
    "  local count = step()\n"
    "  local order = {'XREADGROUP', 'GROUP', 'filch', worker, 'COUNT', count, 'STREAMS', key, "
    "'>'}\n"
    "  local read = redis.pcall(unpack(order))\n"
    "  if read and read.err then\n"
    "    redis.call('XGROUP', 'CREATE', key, 'filch', '0')\n"
    "    read = redis.call(unpack(order))\n"
    "  end\n"
    "  local entries = read and read[1][2] or {}\n"
    "  looked, stream = looked + #entries, p\n"
    "  for _, e in ipairs(entries) do\n"
    "    if is_usual(e[2]) then\n"
    "      usual = usual + 1\n"
    "      size = size + #e[2][6]\n"
    "      out[#out + 1] = {p, 1, -1, e}\n"
    "    else take(p, e[1], 1, values(e[2])) end\n"
    "  end\n"
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
    "if usual < want or size > LARGE then stream = -1 end\n"
    "return {first and math.max(first - now, 0) or -1, losses(), stream, out}\n";

/* ARGV: settlements one after the other, `acks` for those that differ in their entry alone:
 *   acks, queue, priority, counter, losses, number of entries, entries
 *   return, retry, dead or keep, queue, priority, entry, counter, dedup, delay in us, about, headers
 *   note, and the rest of fl_redis_records: of the settlement that follows
 * Returns the statuses: 0; 1: stale; an error's text: not settled. If no lease of the queue was lost since the
 * entries were received, these leases are not lost either. */
static const char settle[] =
    "local status, COUNTERS = {}, 16777216\n"
    "local function holds(key, id, counter)\n"
    "  local row = pending(key, 'filch', id, id, 1)[1]\n"
    "  return row and row[4] % COUNTERS == counter and lease_of(row[2])\n"
    "end\n"
    "local function ack_all(at)\n"
    "  local queue, p, counter, losses, count = unpack(ARGV, at + 1, at + 5)\n"
    "  local key, ids, now_lost = queue .. ':' .. p, {unpack(ARGV, at + 6, at + 5 + count)}\n"
    "  now_lost = tonumber(redis.call('GET', queue .. ':losses') or 0) % 536870912\n"
    "  local done = {}\n"
    "  for _, id in ipairs(ids) do\n"
    "    local is_held = now_lost == tonumber(losses) or holds(key, id, tonumber(counter))\n"
    "    is_held = is_held and redis.call('XACK', key, 'filch', id) == 1\n"
    "    status[#status + 1] = is_held and 0 or 1\n"
    "    done[#done + 1] = is_held and id or nil\n"
    "  end\n"
    "  if done[1] then redis.call('XDEL', key, unpack(done)) end\n"
    "  return at + 6 + count\n"
    "end\n"
    "local verbs, COPIES = {keep = function() end}, {retry = true, dead = true}\n"
    "function verbs.ack(_, queue, p, id, dedup)\n"
    "  free(dedup)\n"
    "  forget(queue .. ':' .. p, id)\n"
    "end\n"
    "verbs['return'] = function(_, queue, p, id)\n"
    "  local key = queue .. ':' .. p\n"
    "  claim(key, 'returned', pending(key, 'filch', id, id, 1)[1][4] + 1023, id)\n"
    "  redis.call('INCR', queue .. ':losses')\n"
    "  wake(queue)\n"
    "end\n"
    "function verbs.retry(v, queue, p, id, dedup, delay, about)\n"
    "  v[4] = about\n"
    "  local error = put(queue, p, tonumber(delay), v)\n"
    "  if not error then forget(queue .. ':' .. p, id) end\n"
    "  return error\n"
    "end\n"
    "function verbs.dead(v, queue, p, id, dedup, delay, about, headers)\n"
    "  return bury(queue, p, id, v, about, headers)\n"
    "end\n"
    "local function settle_one(at)\n"
    "  local verb, queue, p, id, counter, dedup = unpack(ARGV, at, at + 5)\n"
    "  local key, error = queue .. ':' .. p\n"
    "  local is_held = holds(key, id, tonumber(counter))\n"
    "  local v = is_held and COPIES[verb] and entry(key, id)\n"
    "  if is_held and COPIES[verb] and not v then\n" /* deleted by others, who left its lease */
    "    free(dedup)\n"
    "    forget(key, id)\n"
    "    is_held = false\n"
    "  end\n"
    "  if not is_held then status[#status + 1] = 1\n"
    "  else\n"
    "    error = told and write_record() or verbs[verb](v, queue, p, id, unpack(ARGV, at + 5,\n"
    "      at + 8))\n"
    "    status[#status + 1] = error or 0\n"
    "  end\n"
    "  told = nil\n"
    "  return at + 9\n"
    "end\n"
    "local at = 1\n"
    "while at <= #ARGV do\n"
    "  if ARGV[at] == 'acks' then at = ack_all(at)\n"
    "  elseif ARGV[at] == 'note' then at = take_note(at)\n"
    "  else at = settle_one(at) end\n"
    "end\n"
    "return status\n";

/* ARGV: consumer, lease in ms; for each delivery queue, priority, entry, counter. Returns 1 for each
 * lease that is extended, else 0. */
static const char extend[] =
    "local held, lease = {}, tonumber(ARGV[2])\n"
    "for i = 3, #ARGV, 4 do\n"
    "  local key, id, counter = ARGV[i] .. ':' .. ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])\n"
    "  local row = pending(key, 'filch', id, id, 1)[1]\n"
    "  local holds = row and row[4] % 16777216 == counter and lease_of(row[2])\n"
    "  if holds then\n"
    "    claim(key, ARGV[1], row[4], id)\n"
    "    leased(ARGV[i], lease)\n"
    "  end\n"
    "  held[#held + 1] = holds and 1 or 0\n"
    "end\n"
    "return held\n";

/* ARGV: for each message queue, priority, delay in us, us until it expires or nothing, dedup, type,
 * about, headers, body; before one whose key is remembered: `remember`, and for how many us. Returns
 * the statuses: 0; 1: the key is taken; 2: no memory. */
static const char publish[] =
    "local status = {}\n"
    "local function one(memory, queue, p, delay, life, dedup, type, about, headers, body)\n"
    "  local remembered = dedup ~= '' and 'filch-remembered:' .. dedup\n"
    "  if remembered and redis.call('EXISTS', remembered) == 1 then return 'taken' end\n"
    "  local taken = dedup == '' or redis.pcall('HSETNX', 'filch:dedup', dedup, queue)\n"
    "  if failed(taken) then return failed(taken) end\n"
    "  if taken == 0 then return 'taken' end\n"
    "  local v = {type, life ~= '' and number(now + life) or '', dedup, about, headers, body}\n"
    "  local error = put(queue, p, tonumber(delay), v)\n"
    "  if error then free(dedup)\n"
    "  elseif memory then\n"
    "    redis.call('SET', remembered, '', 'PX', number(math.ceil(memory / 1000)))\n"
    "  end\n"
    "  return error\n"
    "end\n"
    "local i = 1\n"
    "while i <= #ARGV do\n"
    "  local memory = ARGV[i] == 'remember' and tonumber(ARGV[i + 1])\n"
    "  if memory then i = i + 2 end\n"
    "  local error = one(memory, unpack(ARGV, i, i + 8))\n"
    "  i = i + 9\n"
    "  local code = not error and 0 or error == 'taken' and 1\n"
    "  code = code or string.find(error, 'OOM', 1, true) and 2\n"
    "  if not code then return redis.error_reply(error) end\n"
    "  status[#status + 1] = code\n"
    "end\n"
    "return status\n";

/* ARGV: queue. Returns the numbers of fl_broker_count, `oldest` in ms. */
static const char count[] =
    "local function tally(queue)\n"
    "  local all, held, delayed = 0, 0, redis.call('ZCARD', queue .. ':delayed')\n"
    "  for p = 0, 9 do\n"
    "    all = all + redis.call('XLEN', queue .. ':' .. p)\n"
    "    for _, c in ipairs(consumers(queue .. ':' .. p)) do\n"
    "      if lease_of(c[2]) then held = held + c[4] end\n"
    "    end\n"
    "  end\n"
    "  return all - held, delayed, held\n"
    "end\n"
    /* of the next entries of a stream, which are leased to nobody; ids begin with their time in ms */
    "local function next_of(key)\n"
    "  local from, ids = '-', {}\n"
    "  for _, c in ipairs(consumers(key)) do\n"
    "    local row = not lease_of(c[2]) and c[4] > 0 and\n"
    "      pending(key, 'filch', '-', '+', 1, c[2])[1]\n"
    "    if row then ids[1 + #ids] = row[1] end\n"
    "  end\n"
    "  local groups = redis.pcall('XINFO', 'GROUPS', key)\n"
    "  for _, g in ipairs(groups.err and {} or groups) do\n"
    "    if g[2] == 'filch' then from = '(' .. g[8] end\n"
    "  end\n"
    "  local new = range(key, from, '+', 'COUNT', 1)[1]\n"
    "  if new then ids[1 + #ids] = new[1] end\n"
    "  return ids\n"
    "end\n"
    "move_due(ARGV[1])\n"
    "sweep(ARGV[1])\n"
    "local ready, delayed, held = tally(ARGV[1])\n"
    "local ready_dead, delayed_dead, held_dead = tally(ARGV[1] .. '.dlq')\n"
    "local oldest = 0\n"
    "for p = 0, 9 do\n"
    "  for _, id in ipairs(next_of(ARGV[1] .. ':' .. p)) do\n"
    "    oldest = math.max(oldest, now_ms - tonumber(string.match(id, '^%d+')))\n"
    "  end\n"
    "end\n"
    "local paused = redis.call('SISMEMBER', ARGV[1] .. ':paused', '')\n"
    "local types = redis.call('SCARD', ARGV[1] .. ':paused') - paused\n"
    "return {ready, delayed, held, ready_dead + delayed_dead + held_dead, oldest, paused, types}\n";

/* ARGV: queue, most, longest body. Returns messages. */
static const char peek[] =
    "local queue, want, body_most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local function left() return size < ROOM and want - #out or 0 end\n"
    "local function show_waiting(p, key, name)\n"
    "  for _, row in ipairs(pending(key, 'filch', '-', '+', left(), name)) do\n"
    "    local v = left() > 0 and entry(key, row[1])\n"
    "    if v then answer(p, row[1], row[4], v, body_most) end\n"
    "  end\n"
    "end\n"
    "local function show_new(p, key)\n"
    "  local from, entries = '-'\n"
    "  for _, g in ipairs(redis.call('XINFO', 'GROUPS', key)) do\n"
    "    if g[2] == 'filch' then from = '(' .. g[8] end\n"
    "  end\n"
    "  repeat\n"
    "    local count = math.min(STEP, left())\n"
    "    entries = count > 0 and range(key, from, '+', 'COUNT', count) or {}\n"
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
    "      if not lease_of(c[2]) and c[4] > 0 and left() > 0 then show_waiting(p, key, c[2]) end\n"
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
    "local function cancel_delayed()\n"
    "  local list = redis.call('ZRANGE', key, from, from + STEP - 1)\n"
    "  for _, serial in ipairs(list) do\n"
    "    local packed = redis.call('HGET', queue .. ':held', serial)\n"
    "    local m = packed and cmsgpack.unpack(packed)\n"
    "    if m and table.remove(m, 1) and is(m, nil, id) then\n"
    "      free(m[3])\n"
    "      redis.call('ZREM', key, serial)\n"
    "      redis.call('HDEL', queue .. ':held', serial)\n"
    "      return {1, ''}\n"
    "    end\n"
    "  end\n"
    "  return {0, #list < STEP and '' or number(from + STEP)}\n"
    "end\n"
    "local function cancel_ready()\n"
    "  local list = range(key, from, '+', 'COUNT', STEP)\n"
    "  for _, e in ipairs(list) do\n"
    "    local v = values(e[2])\n"
    "    local row = is(v, e[1], id) and (pending(key, 'filch', e[1], e[1], 1)[1] or {'', ''})\n"
    "    if row and not lease_of(row[2]) then\n"
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
    "    claim(key, 'returned', row[4], row[1])\n"
    "    redis.call('INCR', queue .. ':losses')\n"
    "    moved = moved + 1\n"
    "  end\n"
    "end\n"
    "wake(queue)\n"
    "return moved\n";

/* ARGV: id. Returns the fields of its record, or nothing. */
static const char record[] =
    "return redis.call('HMGET', 'filch-record:' .. ARGV[1], 'state', 'updated', 'progress',\n"
    "  'result', 'reason')\n";

enum { PARTS = 6 };
static const char *const scripts[FL_REDIS_SCRIPTS][PARTS] = {
    [FL_REDIS_RECEIVE] = {fl_redis_times, fl_redis_messages, fl_redis_clockwork, fl_redis_leases,
                          fl_redis_answers, receive},
    [FL_REDIS_SETTLE] = {fl_redis_times, fl_redis_messages, fl_redis_records, settle},
    [FL_REDIS_EXTEND] = {fl_redis_times, fl_redis_leases, extend},
    [FL_REDIS_PUBLISH] = {fl_redis_times, fl_redis_messages, publish},
    [FL_REDIS_COUNT] = {fl_redis_times, fl_redis_messages, fl_redis_clockwork, count},
    [FL_REDIS_PEEK] = {fl_redis_times, fl_redis_messages, fl_redis_clockwork, fl_redis_answers,
                       peek},
    [FL_REDIS_CANCEL] = {fl_redis_times, fl_redis_messages, fl_redis_identity, cancel},
    [FL_REDIS_PAUSE] = {fl_redis_times, pause_it},
    [FL_REDIS_STOP] = {fl_redis_times, fl_redis_messages, fl_redis_identity, fl_redis_stop_it},
    [FL_REDIS_STOPPED] = {fl_redis_list_stops},
    [FL_REDIS_DROP_STOPS] = {fl_redis_drop_some_stops},
    [FL_REDIS_RECORD] = {record},
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
