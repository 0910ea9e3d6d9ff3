"""What Redis does in one step for a store: scripts in Lua, which nothing comes between.

The keys: what is known of the stream, the stream, the open inboxes, when they were used, their faults; and
how the names of those begin that hold how often faults were applied.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ADD", "BEGIN", "CHANGES", "KEYS", "TRIM", "USE"]

KEYS: Final = tuple(
    f"{{sentryintegration}}:{name}" for name in ("about", "stream", "inboxes", "used", "faults", "uses:")
)
"""With one hash tag, so that they would stand on one node of Redis Cluster."""

_NAMES: Final = """
local about, stream, inboxes, used, faults, uses = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
"""

BEGIN: Final = (
    _NAMES
    + """
local format = redis.call('HGET', about, 'format')
if not format then
  if redis.call('EXISTS', about, stream, inboxes, used, faults) > 0 then
    return redis.error_reply('FOREIGN')
  end
  redis.call('HSET', about, 'format', ARGV[1], 'epoch', ARGV[2], 'last', 0, 'trimmed', 0, 'evicted', '')
elseif tonumber(format) ~= tonumber(ARGV[1]) then
  return redis.error_reply('FORMAT ' .. format)
end
-- Redis lost what this reader has read already: no number is given twice all the same.
if tonumber(redis.call('HGET', about, 'last')) < tonumber(ARGV[3]) then
  redis.call('XADD', stream, '0-' .. string.format('%d', ARGV[3] + 1), 'change', '{}')
  redis.call('HSET', about, 'last', ARGV[3] + 1, 'epoch', ARGV[2])
end
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)
local known = redis.call('HMGET', about, 'epoch', 'last', 'trimmed', 'evicted')
return {known[1], known[2], known[3], known[4], first[1] and first[1][1] or false,
        redis.call('HGETALL', inboxes), redis.call('HGETALL', faults)}
"""
)

# Numbers are given by one who has read what they continue.
_CONTINUE: Final = (
    _NAMES
    + """
if redis.call('HGET', about, 'epoch') ~= ARGV[1] then return redis.error_reply('EPOCH') end
local function write(...)
  local number = string.match(redis.call('XADD', stream, '0-*', ...), '%d+$')
  redis.call('HSET', about, 'last', number)
  return tonumber(number)
end
"""
)

ADD: Final = (
    _CONTINUE
    + """
local last
for at = 2, #ARGV, 2 do
  local inbox = ARGV[at]
  if redis.call('HEXISTS', inboxes, inbox) == 0 then inbox = '' end
  last = write('inbox', inbox, 'entry', ARGV[at + 1])
end
return last
"""
)

# Where Redis is full, deleting first makes it take the rest of a script.
_CHANGES: Final = {
    "open": """
if redis.call('HSETNX', inboxes, ARGV[3], ARGV[4]) == 0 then
  return tonumber(redis.call('HGET', about, 'last'))
end
redis.call('ZADD', used, ARGV[5], ARGV[3])
""",
    "close": """
local at = redis.call('ZSCORE', used, ARGV[3])
if at and tonumber(at) > tonumber(ARGV[5]) then return tonumber(redis.call('HGET', about, 'last')) end
redis.call('ZREM', used, ARGV[3])
forget_faults()
if redis.call('HDEL', inboxes, ARGV[3]) == 0 then return tonumber(redis.call('HGET', about, 'last')) end
""",
    "clear": "if ARGV[4] == 'all' then redis.call('XTRIM', stream, 'MAXLEN', 0) end\n",
    "faults": """
forget_faults()
if ARGV[4] ~= '' then redis.call('HSET', faults, ARGV[3], ARGV[4]) end
""",
}

TRIM: Final = (
    _CONTINUE
    + """
if tonumber(redis.call('HGET', about, 'trimmed')) < tonumber(ARGV[2]) then
  redis.call('XTRIM', stream, 'MINID', '0-' .. string.format('%d', ARGV[2] + 1))
  redis.call('HSET', about, 'trimmed', ARGV[2], 'evicted', ARGV[3])
end
"""
)

_FORGET_FAULTS: Final = """
local function forget_faults()
  local known = redis.call('HGET', faults, ARGV[3])
  if known then redis.call('DEL', uses .. string.sub(known, 1, 16)) end
  redis.call('HDEL', faults, ARGV[3])
end
"""

# Faults that were replaced meanwhile are used no more.
USE: Final = (
    _NAMES
    + """
local known = redis.call('HGET', faults, ARGV[1])
if not known or string.sub(known, 1, 16) ~= ARGV[2] then return 0 end
return redis.call('HINCRBY', uses .. ARGV[2], ARGV[3], 1)
"""
)

CHANGES: Final = {
    kind: f"{_CONTINUE}{_FORGET_FAULTS}{script}return write('change', ARGV[2])"
    for kind, script in _CHANGES.items()
}
"""Writes a change of each kind; given the epoch, the record, an inbox, a value, a time."""
