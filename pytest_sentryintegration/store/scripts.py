"""What Redis does in one step for a store: scripts in Lua, which nothing comes between.

The keys: what is known of the stream, the stream, the open inboxes, when they were used, their faults; how
the names of those begin that hold how often faults were applied; the uploads that are not complete, those to
which nothing came for the longest time first; and how the names of those begin that hold what is known of an
upload, and its pieces.
"""

from __future__ import annotations

from typing import Final

from pytest_sentryintegration.store.memory import STRAYS
from pytest_sentryintegration.store.uploads import COMPLETED, EMPTIED, FORGOTTEN

__all__ = ["ADD", "BEGIN", "CHANGES", "KEYS", "TRIM", "UPLOADS", "USE"]

_KEYS: Final = "about", "stream", "inboxes", "used", "faults", "uses:", "uploads", "upload:", "pieces:"
KEYS: Final = tuple(f"{{sentryintegration}}:{name}" for name in _KEYS)
"""With one hash tag, so that they would stand on one node of Redis Cluster."""

_NAMES: Final = """
local about, stream, inboxes, used, faults, uses = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local uploads, upload, pieces = KEYS[7], KEYS[8], KEYS[9]
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
forget_uploads({[ARGV[3]] = true})
if redis.call('HDEL', inboxes, ARGV[3]) == 0 then return tonumber(redis.call('HGET', about, 'last')) end
""",
    "clear": """
if ARGV[4] == 'all' then
  redis.call('XTRIM', stream, 'MAXLEN', 0)
  forget_uploads()
else
  local names = {}
  for at = 6, #ARGV do names[ARGV[at]] = true end
  forget_uploads(names)
end
""",
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

_FORGET_UPLOADS: Final = f"""
local function forget_upload(id, cause)
  redis.call('ZREM', uploads, id)
  redis.call('DEL', pieces .. id, upload .. id)
  redis.call('HSET', upload .. id, 'ended', cause)
  redis.call('EXPIRE', upload .. id, 3600)
end
local function forget_uploads(names)
  for _, id in ipairs(redis.call('ZRANGE', uploads, 0, -1)) do
    if not names or names[redis.call('HGET', upload .. id, 'inbox')] then forget_upload(id, '{EMPTIED}') end
  end
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
    kind: f"{_CONTINUE}{_FORGET_FAULTS}{_FORGET_UPLOADS}{script}return write('change', ARGV[2])"
    for kind, script in _CHANGES.items()
}
"""Writes a change of each kind; given the epoch, the record, an inbox, a value, a time, further inboxes."""

# An hour after the last piece nobody goes on; Redis needs no one to tell it.
_USE_UPLOAD: Final = f"""
local function use_upload(id, most, most_bytes)
  redis.call('ZADD', uploads, redis.call('HINCRBY', about, 'uploads', 1), id)
  redis.call('EXPIRE', upload .. id, 3600)
  redis.call('EXPIRE', pieces .. id, 3600)
  local ids, sizes, total = redis.call('ZRANGE', uploads, 0, -1), {{}}, 0
  for at, known in ipairs(ids) do
    sizes[at] = tonumber(redis.call('HGET', upload .. known, 'received') or 0)
    total = total + sizes[at]
  end
  for at, known in ipairs(ids) do
    if #ids - at < tonumber(most) and total <= tonumber(most_bytes) then break end
    forget_upload(known, '{FORGOTTEN}')
    total = total - sizes[at]
  end
end
"""

_FIND_UPLOAD: Final = """
local known = redis.call('HMGET', upload .. ARGV[1], 'received', 'length', 'ended')
if known[3] then return {'ended', known[3]} end
if not known[1] then return {'unknown'} end
if tonumber(known[1]) ~= tonumber(ARGV[2]) then return {'misplaced', known[1]} end
"""

# A piece is taken back before more than the moment has passed in which it is saved.
_UPLOADS: Final = {
    "start": f"""
local inbox = ARGV[2]
if redis.call('HEXISTS', inboxes, inbox) == 0 then inbox = '{STRAYS}' end
redis.call('HSET', upload .. ARGV[1], 'inbox', inbox, 'length', ARGV[3], 'received', 0)
use_upload(ARGV[1], ARGV[4], ARGV[5])
""",
    "find": f"""{_FIND_UPLOAD}
if ARGV[2] + ARGV[3] < tonumber(known[2]) then return {{'incomplete'}} end
return {{'complete', redis.call('HGETALL', pieces .. ARGV[1])}}
""",
    "append": f"""{_FIND_UPLOAD}
local received = ARGV[2] + #ARGV[3]
if #ARGV[3] > 0 then redis.call('HSET', pieces .. ARGV[1], ARGV[2], ARGV[3]) end
redis.call('HSET', upload .. ARGV[1], 'received', received)
if received < tonumber(known[2]) then
  use_upload(ARGV[1], ARGV[4], ARGV[5])
else
  redis.call('ZREM', uploads, ARGV[1])
  redis.call('HSET', upload .. ARGV[1], 'ended', '{COMPLETED}')
  redis.call('EXPIRE', pieces .. ARGV[1], 10)
end
return {{'appended'}}
""",
    "take back": f"""
local known = redis.call('HMGET', upload .. ARGV[1], 'received', 'ended')
if known[1] ~= ARGV[3] or (known[2] and known[2] ~= '{COMPLETED}') then return end
redis.call('HDEL', pieces .. ARGV[1], ARGV[2])
redis.call('HDEL', upload .. ARGV[1], 'ended')
redis.call('HSET', upload .. ARGV[1], 'received', ARGV[2])
use_upload(ARGV[1], ARGV[4], ARGV[5])
""",
}

UPLOADS: Final = {
    what: f"{_NAMES}{_FORGET_UPLOADS}{_USE_UPLOAD}{script}" for what, script in _UPLOADS.items()
}
"""Each step of an upload; given its id and what `SharedUploads` says."""
