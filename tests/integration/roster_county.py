"""A small county for the roster's tests: three departments, four windows, four matters, two programmes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.roster.domain.calendar import Calendar, seed
from services.roster.domain.duties import Official, Post
from services.roster.domain.pack import Pack, read_pack
from services.roster.domain.planning import Planned, Roster
from services.roster.domain.programme import Programme

ZONE = ZoneInfo("Asia/Shanghai")

PACK = """\
format: 1
venue:
  id: hall
  name: {zh: 测试县政务服务大厅, en: Test Hall}
  address: {zh: 南门路 8 号, en: 8 South Gate Road}
  phone: "12345 转 2"
departments:
  - {id: natural-resources, name: {zh: 自然资源局, en: Natural Resources Bureau}}
  - {id: civil-affairs, name: {zh: 民政局, en: Civil Affairs Bureau}}
  - {id: desk, name: {zh: 总服务台, en: General desk}, general_desk: true}
officials:
  - {id: zhou, name: 周文清, title: {zh: 局长, en: Director}, department: natural-resources, head: true, deputy: he}
  - {id: he, name: 何立新, title: {zh: 副局长, en: Deputy director}, department: natural-resources}
  - {id: wu, name: 吴春生, title: {zh: 局长, en: Director}, department: civil-affairs, head: true}
windows:
  - {id: w1, number: 1, department: desk, duty: principal}
  - {id: w3, number: 3, department: natural-resources, location: {zh: 东侧, en: East}, duty: principal}
  - {id: w4, number: 4, department: natural-resources, duty: deputy}
  - {id: w7, number: 7, department: civil-affairs, duty: principal}
matters:
  - id: second-hand-house
    department: natural-resources
    name: {zh: 不动产转移登记, en: Transfer of real-estate title}
    plain_name: {zh: 二手房过户, en: Transfer a second-hand home}
    synonyms: [房子过户, 房产证改名]
    documents:
      - {name: {zh: 身份证原件, en: Identity cards}, note: {zh: 买卖双方, en: of both sides}}
    statutory_days: 30
    promised_days: 3
    visit: needed
    common: true
  - id: low-income
    department: civil-affairs
    name: {zh: 最低生活保障对象认定, en: Minimum living allowance}
    plain_name: {zh: 申请低保, en: Apply for the low-income allowance}
    synonyms: [低保]
    statutory_days: 30
    promised_days: 22
    visit: optional
    online_guide: {zh: 网上可办, en: Can be done online}
  - id: marriage-certificate
    department: civil-affairs
    name: {zh: 补领结婚登记证, en: Replacement of a marriage certificate}
    plain_name: {zh: 结婚证丢了补办, en: Replace a lost marriage certificate}
    visit: needed
  - id: enquiry
    department: desk
    name: {zh: 综合咨询, en: General enquiry}
    plain_name: {zh: 不知道找谁, en: I do not know whom to ask}
    visit: needed
programmes:
  - id: service-day
    name: {zh: 局长服务日, en: Director service day}
    rrule: "FREQ=MONTHLY;BYMONTHDAY=1,11,21"
    starts_on: 2026-01-01
    non_working_day: next_working_day
    opening: [{from: "09:00", to: "12:00"}, {from: "14:30", to: "17:00"}]
    booking: {slot_minutes: 30, capacity: 3, counter_seats: 1, release_days_ahead: 14, release_at: "08:30"}
  - id: joint-review
    name: {zh: 联审会商日, en: Joint review day}
    rrule: "FREQ=MONTHLY;BYMONTHDAY=8"
    starts_on: 2026-01-08
    opening: [{from: "14:30", to: "17:00"}]
    hosts: county_leaders
    public: false
    level: joint_review
"""

CALENDAR_2027 = """\
calendars:
  - year: 2027
    kind: official
    source: made up for the tests
    rest_days: [2027-01-01, 2027-01-02, 2027-01-03, 2027-02-05, 2027-02-08, 2027-02-09, 2027-02-10, 2027-02-11]
    make_up_workdays: [2027-02-20]
"""


def pack(text: str = PACK) -> Pack:
    """The county; the test fails where it has findings."""
    found, findings = read_pack([("county.yaml", text)])
    assert findings == []
    return found


def programme(**changes: object) -> Programme:
    """The service day, with changes."""
    return Programme.model_validate(pack().programmes[0].stored() | changes)


def calendar(*years: int) -> Calendar:
    """What the libraries know of these years."""
    return Calendar(seed(year) for year in years or range(2025, 2029))


def roster(*programmes: Programme, **parts: object) -> Roster:
    """All that planning looks at, with no session yet."""
    county = pack()
    posts = tuple(Post(each.id, each.department, each.duty) for each in county.windows)
    officials = tuple(
        Official(
            official_id=each.id, name=each.name, title_zh=each.title.zh, title_en=each.title.en,
            department_id=each.department, head=each.head, deputy_id=each.deputy,
        )
        for each in county.officials
    )  # fmt: skip
    whole = {
        "venue_id": "hall",
        "posts": posts,
        "officials": officials,
        "programmes": programmes or (programme(),),
        "calendar": calendar(),
        "sessions": {},
        "zone": ZONE,
    }
    return Roster(**(whole | parts))


def at(day: str, clock: str = "08:00") -> datetime:
    """A moment by the county's clock, in UTC."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)


def by_rule_date(sessions: dict[str, Planned], programme_id: str = "service-day") -> dict[date, Planned]:
    """The sessions of a programme by rule date."""
    return {each.session.rule_date: each for each in sessions.values() if each.session.programme_id == programme_id}
