-- wrk's script for bookings, for one thread: every request is another person with a valid resident ID number, a phone
-- of their own and another Idempotency-Key. Environment:
--   FIRST_SLOT, SLOTS  the slots to book, numbered in a row
--   SEATS              of a slot
--   HOT                1: all on one slot until as many requests as it has seats were sent, then the next;
--                      0: one slot after the other, round and round
--   MATTER             what is booked
--   FIRST_PERSON       where this run's persons begin; each run has its own
--   REQUESTS           how many to send: when all are answered, `finished` is printed; 0: until wrk's time is up
--   RATE               requests a second in an open loop, with an output line `id seconds-since-1970` for each booking
--                      made; 0: each connection sends its next request as soon as the last one is answered
--   TALLY, PLACE       a file of two 4-byte counters and which of them is ours: two wrk processes share one turn, so
--                      that both are on the same slot. No lock: a turn may be taken twice, and then another by nobody.

local ffi = require("ffi")

ffi.cdef [[
  int open(const char *path, int flags, ...);
  void *mmap(void *address, size_t length, int protection, int flags, int descriptor, long offset);
  struct bench_time { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct bench_time *time);
]]

local first_slot = tonumber(os.getenv("FIRST_SLOT"))
local slots = tonumber(os.getenv("SLOTS"))
local seats = tonumber(os.getenv("SEATS"))
local hot = os.getenv("HOT") == "1"
local matter = os.getenv("MATTER")
local first_person = tonumber(os.getenv("FIRST_PERSON"))
local requests = tonumber(os.getenv("REQUESTS"))
local rate = tonumber(os.getenv("RATE"))
local place = tonumber(os.getenv("PLACE"))

local READ_WRITE, SHARED, REALTIME, MONOTONIC = 2 + 1, 1, 0, 1
local OPEN_READ_WRITE = 2
local tally = ffi.cast("int32_t *", ffi.C.mmap(
  nil, 8, READ_WRITE, SHARED, ffi.C.open(os.getenv("TALLY"), OPEN_READ_WRITE), 0))

local weights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
local check = {"1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"}

local function now(clock)
  local time = ffi.new("struct bench_time")
  ffi.C.clock_gettime(clock or MONOTONIC, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

-- The n-th person: birthdays from 1950 on, 28 days a month, 999 people a day, then the next county (GB 11643).
local function resident_id(n)
  local day = math.floor(n / 999)
  local year = 1950 + math.floor(day / 336) % 55
  local month = math.floor(day / 28) % 12 + 1
  local county = 110101 + math.floor(day / 336 / 55)
  local body = string.format("%06d%04d%02d%02d%03d", county, year, month, day % 28 + 1, n % 999 + 1)
  local sum = 0
  for i = 1, 17 do sum = sum + (body:byte(i) - 48) * weights[i] end
  return body .. check[sum % 11 + 1]
end

local body = '{"slot_id":%d,"matter_id":"' .. matter .. '","visitor":{"name":"王桂兰",'
  .. '"document":{"type":"resident_id","number":"%s"},"phone":"139%08d"},"party_size":1}'
local thread = nil
local verified = false
sent, answered, began, ended, answers, latest = 0, 0, 0, 0, {}, 0
local due, dues = 0, {}

function setup(made)
  thread = made
end

function init()
  wrk.method = "POST"
  wrk.path = "/api/booking/v1/bookings"
  wrk.headers["Content-Type"] = "application/json"
end

if rate > 0 then
  -- Milliseconds until a free connection is to send: the next moment of the schedule that nobody has taken.
  function delay()
    local moment = now()
    due = due == 0 and moment or due + 1 / rate
    table.insert(dues, due)
    return math.max(0, math.floor((due - moment) * 1000))
  end
end

function request()
  if not verified then -- wrk looks at one request before it begins, and does not send it
    verified = true
    return wrk.format("GET", "/live")
  end
  if sent == 0 then began = now() end
  if rate > 0 then latest = math.max(latest, now() - (table.remove(dues, 1) or now())) end
  if requests > 0 and sent >= requests then
    return wrk.format("GET", "/live", {Host = wrk.headers["Host"]})
  end
  local turn = tally[0] + tally[1]
  tally[place] = tally[place] + 1
  local slot = first_slot + (hot and math.floor(turn / seats) or turn) % slots
  local person = first_person + sent
  sent = sent + 1
  wrk.headers["Idempotency-Key"] = string.format("bench-%012d", person)
  return wrk.format(nil, nil, nil, string.format(body, slot, resident_id(person), person % 1e8))
end

function response(status, headers, body)
  if status == 200 then return end -- /live: only there to keep a connection busy
  answers[status] = (answers[status] or 0) + 1
  answered = answered + 1
  ended = now()
  if rate > 0 and status == 201 then
    print(body:match('"booking_id":"([^"]+)"'), string.format("%.6f", now(REALTIME)))
  end
  if answered == requests then
    print("finished")
    io.stdout:flush()
    wrk.thread:stop()
  end
end

function done(summary, latency)
  local parts = {}
  for status, count in pairs(thread:get("answers")) do
    table.insert(parts, string.format('"%d":%d', status, count))
  end
  print(string.format(
    '{"began":%.6f,"ended":%.6f,"answers":{%s},"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,'
    .. '"latest_ms":%.3f,"socket_errors":%d}',
    thread:get("began"), thread:get("ended"), table.concat(parts, ","),
    latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000, thread:get("latest") * 1000,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
