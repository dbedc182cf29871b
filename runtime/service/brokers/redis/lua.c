/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/lua.h>

/* A write can be refused, for lack of memory, only as the first of a script. So scripts look at the
 * result of the writes that can be the first, and an entry goes only after its copy is there. */
const char fl_redis_times[] =
    "local DAY = 86400000\n"
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000000 + t[2]\n"
    "local now_ms = math.floor(now / 1000)\n"
    "local function number(n) return string.format('%.0f', n) end\n"
    "local woken = {}\n"
    "local function wake(queue)\n"
    "  if woken[queue] then return end\n"
    "  woken[queue] = true\n"
    "  redis.call('PUBLISH', queue .. ':wake', '')\n"
    "end\n"
    /* of a pending list; a stream without a group has none */
    "local function pending(...)\n"
    "  local rows = redis.pcall('XPENDING', ...)\n"
    "  return rows.err and {} or rows\n"
    "end\n"
    /* the entries of a stream; none follow the last id of all, '(18446744073709551615-...' */
    "local function range(...)\n"
    "  local rows = redis.pcall('XRANGE', ...)\n"
    "  return rows.err and {} or rows\n"
    "end\n"
    "local function consumers(key)\n"
    "  local rows = redis.pcall('XINFO', 'CONSUMERS', key, 'filch')\n"
    "  return rows.err and {} or rows\n"
    "end\n"
    /* its lease in ms; nil: no worker */
    "local function lease_of(name) return tonumber(string.match(name, '^worker:(%d+):')) end\n"
    /* moves an entry to a consumer, and begins a lease */
    "local function claim(key, consumer, counter, id)\n"
    "  redis.call('XCLAIM', key, 'filch', consumer, 0, id, 'TIME', number(now_ms),\n"
    "    'RETRYCOUNT', number(counter), 'FORCE', 'JUSTID')\n"
    "end\n";

/* Messages: type, until, dedup, about, headers, body. A field without content is left out. Another
 * program may add entries by hand, with some of these fields in any order, and with its trace. */
const char fl_redis_messages[] =
    "local NAMES = {'type', 'until', 'dedup', 'about', 'headers', 'body', 'traceparent',\n"
    "  'tracestate'}\n"
    "local function values(f)\n"
    "  local of, v = {}, {}\n"
    "  for i = 1, #f, 2 do of[f[i]] = f[i + 1] end\n"
    "  for i, name in ipairs(NAMES) do v[i] = of[name] or '' end\n"
    "  return v\n"
    "end\n"
    "local function failed(result) return type(result) == 'table' and result.err end\n"
    "local function is_full(error)\n"
    "  return error and string.find(error, 'exhausted the last possible ID', 1, true)\n"
    "end\n"
    /* Nil, or the error. After the last id of all, which another program has added, a stream takes no
     * entry; when it is empty, it can begin anew. */
    "local function add(queue, p, v)\n"
    "  local key = queue .. ':' .. p\n"
    "  local order = {'XADD', key, '*'}\n"
    "  for i, name in ipairs(NAMES) do\n"
    "    if (v[i] or '') ~= '' or name == 'about' or name == 'body' then\n"
    "      order[#order + 1], order[#order + 2] = name, v[i]\n"
    "    end\n"
    "  end\n"
    "  local error = failed(redis.pcall(unpack(order)))\n"
    "  if is_full(error) and redis.call('XLEN', key) == 0 then\n"
    "    redis.call('DEL', key)\n"
    "    error = failed(redis.pcall(unpack(order)))\n"
    "  end\n"
    "  if not error then wake(queue) end\n"
    "  return error\n"
    "end\n"
    "local function hold(queue, p, delay, v)\n"
    "  local serial = redis.pcall('INCR', queue .. ':serial')\n"
    "  if failed(serial) then return failed(serial) end\n"
    "  serial = string.format('%016.0f', serial)\n"
    "  redis.call('HSET', queue .. ':held', serial, cmsgpack.pack({tostring(p), unpack(v)}))\n"
    "  redis.call('ZADD', queue .. ':delayed', number(now + delay), serial)\n"
    "  wake(queue)\n"
    "end\n"
    /* an entry that the stream cannot take is delayed until it can */
    "local function put(queue, p, delay, v)\n"
    "  local error = delay <= 0 and add(queue, p, v)\n"
    "  if delay > 0 or is_full(error) then return hold(queue, p, math.max(delay, 1), v) end\n"
    "  return error\n"
    "end\n"
    "local function free(dedup)\n"
    "  if dedup ~= '' then redis.call('HDEL', 'filch:dedup', dedup) end\n"
    "end\n"
    "local function forget(key, id)\n"
    "  redis.call('XACK', key, 'filch', id)\n"
    "  redis.call('XDEL', key, id)\n"
    "end\n"
    "local function bury(queue, p, id, v, about, headers)\n"
    "  local error = put(queue .. '.dlq', p, 0, {v[1], '', '', about, headers, v[6], v[7], v[8]})\n"
    "  if error then return error end\n"
    "  free(v[3])\n"
    "  forget(queue .. ':' .. p, id)\n"
    "end\n"
    "local function entry(key, id)\n"
    "  local found = redis.call('XRANGE', key, id, id)[1]\n"
    "  return found and values(found[2])\n"
    "end\n";

/* The work of time: delayed messages become ready, and leases end. */
const char fl_redis_clockwork[] =
    /* returns the time of the first that is left, in us */
    "local function move_due(queue)\n"
    "  local due = redis.call('ZRANGEBYSCORE', queue .. ':delayed', '-inf', number(now),\n"
    "    'LIMIT', 0, 100)\n"
    "  for _, serial in ipairs(due) do\n"
    "    local packed = redis.call('HGET', queue .. ':held', serial)\n"
    "    local m = packed and cmsgpack.unpack(packed)\n"
    "    local error = m and add(queue, table.remove(m, 1), m)\n"
    "    if is_full(error) then\n" /* look again, and go on */
    "      redis.call('ZADD', queue .. ':delayed', number(now + 1000000), serial)\n"
    "    elseif error then return now + 1000000\n" /* no memory: look again */
    "    else\n"
    "      redis.call('ZREM', queue .. ':delayed', serial)\n"
    "      redis.call('HDEL', queue .. ':held', serial)\n"
    "    end\n"
    "  end\n"
    "  local first = redis.call('ZRANGE', queue .. ':delayed', 0, 0, 'WITHSCORES')\n"
    "  return first[2] and tonumber(first[2])\n"
    "end\n"
    /* returns entries without a lease to the queue; its value: ms until the first end of a lease */
    "local function sweep_worker(queue, key, name)\n"
    "  local from, first, rows = '-'\n"
    "  repeat\n"
    "    rows = pending(key, 'filch', from, '+', 1000, name)\n"
    "    for _, row in ipairs(rows) do\n"
    "      local left = lease_of(name) - row[3]\n"
    "      from = '(' .. row[1]\n"
    "      if left <= 0 then\n"
    "        claim(key, 'returned', row[4], row[1])\n"
    "        redis.call('INCR', queue .. ':losses')\n"
    "      elseif not first or left < first then first = left end\n"
    "    end\n"
    "  until #rows < 1000\n"
    "  return first\n"
    "end\n"
    "local function sweep(queue)\n"
    "  local at = tonumber(redis.call('GET', queue .. ':sweep') or nil)\n"
    "  if not at or at > now_ms then return at end\n"
    "  local first\n"
    "  for p = 0, 9 do\n"
    "    local key = queue .. ':' .. p\n"
    "    for _, c in ipairs(consumers(key)) do\n"
    "      if lease_of(c[2]) and c[4] > 0 then\n"
    "        local left = sweep_worker(queue, key, c[2])\n"
    "        if left and (not first or left < first) then first = left end\n"
    "      elseif lease_of(c[2]) and c[6] > DAY then\n"
    "        redis.call('XGROUP', 'DELCONSUMER', key, 'filch', c[2])\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  at = first and now_ms + first\n"
    "  if at then redis.call('SET', queue .. ':sweep', number(at))\n"
    "  else redis.call('DEL', queue .. ':sweep') end\n"
    "  return at\n"
    "end\n";

const char fl_redis_leases[] =
    /* sees to it that the sweep does not come after the end of a lease */
    "local function leased(queue, left)\n"
    "  local at = tonumber(redis.call('GET', queue .. ':sweep') or nil)\n"
    "  if at and at <= now_ms + left then return at end\n"
    "  redis.call('SET', queue .. ':sweep', number(now_ms + left))\n"
    "  return now_ms + left\n"
    "end\n";

/* Answers with messages: {priority, counter, size of the body, or -1 if it is whole, {entry, fields
 * and values}}. A long body is left out, and a long answer ends early. */
const char fl_redis_answers[] =
    "local STEP, ROOM = 32, 16777216\n"
    "local out, size = {}, 0\n"
    "local function answer(p, id, counter, v, body_most)\n"
    "  local f, whole = {}, #v[6] <= body_most\n"
    "  for i, name in ipairs(NAMES) do\n"
    "    if i <= 6 or (v[i] or '') ~= '' then f[#f + 1], f[#f + 2] = name, v[i] end\n"
    "  end\n"
    "  if not whole then f[12] = '' end\n"
    "  size = size + #f[12]\n"
    "  out[#out + 1] = {tonumber(p), counter, whole and -1 or #v[6], {id, f}}\n"
    "end\n";

/* A note is: note, id, 1 if it creates the record, ms to live, state, number of texts, names and values.
 * It is written before its settlement, so that a server without memory refuses both. */
const char fl_redis_records[] =
    "local told\n"
    "local function take_note(at)\n"
    "  local count = tonumber(ARGV[at + 5])\n"
    "  told = {key = 'filch-record:' .. ARGV[at + 1], creates = ARGV[at + 2] == '1',\n"
    "    ttl = ARGV[at + 3], state = ARGV[at + 4], fields = {unpack(ARGV, at + 6, at + 5 + "
    "count)}}\n"
    "  return at + 6 + count\n"
    "end\n"
    /* nil, or the error */
    "local function write_record()\n"
    "  if not told.creates and redis.call('EXISTS', told.key) == 0 then return end\n"
    "  local error = failed(redis.pcall('HSET', told.key, 'state', told.state, 'updated', "
    "number(now),\n"
    "    unpack(told.fields)))\n"
    "  if error then return error end\n"
    "  for _, name in ipairs({'result', 'reason'}) do\n"
    "    local has\n"
    "    for i = 1, #told.fields, 2 do has = has or told.fields[i] == name end\n"
    "    if not has then redis.call('HDEL', told.key, name) end\n"
    "  end\n"
    "  redis.call('PEXPIRE', told.key, told.ttl)\n"
    "end\n";

/* ---- Stops ---- */

/* Scripts that cancel leased messages. A retry is a new entry, so a mark does not name the entry but
 * what stays: the id and the time of the publication. */

/* The number of an entry of another program is both, as message.c reads it. */
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
