/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis_lua.h>

/* A write can be refused, for lack of memory, only as the first of a script. So scripts look at the
 * result of the writes that can be the first, and an entry goes only after its copy is there. */
const char fl_redis_times[] =
    "local LONGEST = 2592000000\n" /* ms: FL_REDIS_LONGEST_DAYS */
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
    "local function consumers(key)\n"
    "  local rows = redis.pcall('XINFO', 'CONSUMERS', key, 'filch')\n"
    "  return rows.err and {} or rows\n"
    "end\n"
    "local function is_worker(name) return string.sub(name, 1, 7) == 'worker:' end\n"
    /* moves entries to a consumer; left: ms of the lease; at most STEP at once */
    "local function claim_all(key, consumer, left, counter, ids)\n"
    "  local order = {'XCLAIM', key, 'filch', consumer, 0, unpack(ids)}\n"
    "  for _, word in ipairs({'TIME', number(now_ms - LONGEST + left), 'RETRYCOUNT',\n"
    "    number(counter), 'FORCE', 'JUSTID'}) do order[#order + 1] = word end\n"
    "  redis.call(unpack(order))\n"
    "end\n"
    "local function claim(key, consumer, left, counter, id)\n"
    "  redis.call('XCLAIM', key, 'filch', consumer, 0, id, 'TIME',\n"
    "    number(now_ms - LONGEST + left), 'RETRYCOUNT', number(counter), 'FORCE', 'JUSTID')\n"
    "end\n";

/* Messages: type, until, dedup, about, headers, body. Another program may add entries by hand, with
 * some of these fields in any order. */
const char fl_redis_messages[] =
    "local NAMES = {'type', 'until', 'dedup', 'about', 'headers', 'body'}\n"
    "local function values(f)\n"
    "  if #f == 12 and f[1] == 'type' and f[3] == 'until' and f[11] == 'body' then\n"
    "    return {f[2], f[4], f[6], f[8], f[10], f[12]}\n"
    "  end\n"
    "  local of, v = {}, {}\n"
    "  for i = 1, #f, 2 do of[f[i]] = f[i + 1] end\n"
    "  for i, name in ipairs(NAMES) do v[i] = of[name] or '' end\n"
    "  return v\n"
    "end\n"
    "local function failed(result) return type(result) == 'table' and result.err end\n"
    /* nil, or the error */
    "local function add(queue, p, v)\n"
    "  local error = failed(redis.pcall('XADD', queue .. ':' .. p, '*', 'type', v[1], 'until',\n"
    "    v[2], 'dedup', v[3], 'about', v[4], 'headers', v[5], 'body', v[6]))\n"
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
    "local function free(dedup)\n"
    "  if dedup ~= '' then redis.call('HDEL', 'filch:dedup', dedup) end\n"
    "end\n"
    "local function forget(key, id)\n"
    "  redis.call('XACK', key, 'filch', id)\n"
    "  redis.call('XDEL', key, id)\n"
    "end\n"
    "local function bury(queue, p, id, v, about, headers)\n"
    "  local error = add(queue .. '.dlq', p, {v[1], '', '', about, headers, v[6]})\n"
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
    "    if error then return now + 1000000 end\n" /* no memory: look again */
    "    redis.call('ZREM', queue .. ':delayed', serial)\n"
    "    redis.call('HDEL', queue .. ':held', serial)\n"
    "  end\n"
    "  local first = redis.call('ZRANGE', queue .. ':delayed', 0, 0, 'WITHSCORES')\n"
    "  return first[2] and tonumber(first[2])\n"
    "end\n"
    /* returns entries without a lease to the queue; its value: ms until the first end of a lease */
    "local function sweep_worker(key, name)\n"
    "  local from, first, rows = '-'\n"
    "  repeat\n"
    "    rows = pending(key, 'filch', from, '+', 1000, name)\n"
    "    for _, row in ipairs(rows) do\n"
    "      local left = LONGEST - row[3]\n"
    "      from = '(' .. row[1]\n"
    "      if left <= 0 then claim(key, 'returned', 0, row[4] % 1024, row[1])\n"
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
    "      if is_worker(c[2]) and c[4] > 0 then\n"
    "        local left = sweep_worker(key, c[2])\n"
    "        if left and (not first or left < first) then first = left end\n"
    "      elseif is_worker(c[2]) and c[6] > DAY then\n"
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

/* Answers with messages: {priority, entry, deliveries, size of the body, type, until, dedup, about,
 * headers, body}. A long body is left out, and a long answer ends early. */
const char fl_redis_answers[] =
    "local STEP, ROOM = 32, 16777216\n"
    "local out, size = {}, 0\n"
    "local function answer(p, id, deliveries, v, body_most)\n"
    "  local body = #v[6] <= body_most and v[6] or ''\n"
    "  size = size + #body\n"
    "  out[#out + 1] = {tonumber(p), id, deliveries, #v[6], v[1], v[2], v[3], v[4], v[5], body}\n"
    "end\n";
