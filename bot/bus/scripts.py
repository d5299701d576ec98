"""What Redis does in one step, as Lua. Redis's own clock is the one that all nodes share."""

from __future__ import annotations

# KEYS[1]: list of the times (microseconds) of the last allowed events, newest first.
# ARGV: limit, window in microseconds. Returns 0, or the microseconds to wait.
ALLOW = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('LINDEX', KEYS[1], limit - 1)
if oldest and now - tonumber(oldest) < window then
  return window - (now - tonumber(oldest))
end
redis.call('LPUSH', KEYS[1], string.format('%.0f', now))
redis.call('LTRIM', KEYS[1], 0, limit - 1)
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil(window / 1000)))
return 0
"""

# KEYS[1]: hash of agent id -> "<end in milliseconds> <state>". ARGV: agent id, state, milliseconds.
# The hash itself expires with its longest presence, so that nothing is left of a system that is gone.
SET_PRESENCE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ttl = tonumber(ARGV[3])
if ttl <= 0 then
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now + ttl, ARGV[2]))
if redis.call('PTTL', KEYS[1]) < ttl then
  redis.call('PEXPIRE', KEYS[1], ttl)
end
return 1
"""

# KEYS[1]: the hash above. Returns agent id, state, agent id, state, ... and drops what has lapsed.
PRESENT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local all, found = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local space = string.find(all[i + 1], ' ', 1, true)
  if tonumber(string.sub(all[i + 1], 1, space - 1)) > now then
    found[#found + 1] = all[i]
    found[#found + 1] = string.sub(all[i + 1], space + 1)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return found
"""
