"""A pack's mistakes are all told, each by file and line."""

from pathlib import Path

import pytest

from services.roster.domain.pack import read_calendars, read_pack
from tests.integration.roster_county import CALENDAR_2027, PACK, pack

DEMO = Path(__file__).parents[2] / "deploy" / "packs" / "wangchuan"


def findings(text, file="county.yaml"):
    return [str(each) for each in read_pack([(file, text)])[1]]


def changed(old, new, text=PACK):
    assert text.count(old) >= 1, "the county has no such line"
    return text.replace(old, new, 1)


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1


def test_a_sound_pack_has_no_findings():
    county = pack()
    assert [each.id for each in county.departments] == ["natural-resources", "civil-affairs", "desk"]
    assert county.programmes[1].booking is None
    assert county.programmes[0].booking.release_days_ahead == 14


def test_the_demo_county_is_sound():
    files = [(each.name, each.read_text(encoding="utf-8")) for each in sorted(DEMO.glob("*.yaml"))]
    county, found = read_pack(files)
    assert [str(each) for each in found] == []
    assert len(county.departments) == 12
    assert len(county.windows) == 14
    assert len(county.matters) >= 40
    assert {each.kind for each in county.calendars} == {"official", "county"}


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("visit: needed\n    common", "visit: never\n    common", "visit: never", "matters[0].visit: input should be"),
        ("promised_days: 3", "promised_days: three", "promised_days: three", "matters[0].promised_days: "),
        ("promised_days: 3", "promised_days: 31", "- id: second-hand", "matters[0]: promised_days is more than"),
        (
            "online_guide: {zh: 网上可办, en: Can be done online}",
            "instant: true",
            "- id: low-income",
            "matters[1]: online_guide",
        ),
        (
            "    plain_name: {zh: 不知道找谁, en: I do not know whom to ask}\n",
            "",
            "- id: enquiry",
            "matters[3].plain_name: field required",
        ),
        ("common: true", "comon: true", "comon: true", "matters[0].comon: extra inputs are not permitted"),
        (
            "department: civil-affairs\n    name: {zh: 最低",
            "department: civil\n    name: {zh: 最低",
            "department: civil\n",
            "matters[1].department: there is no department civil",
        ),
        ("{id: w4, number: 4,", "{id: w4, number: 3,", "{id: w4", "windows[2].number: window 3 stands twice"),
        ("{id: w4,", "{id: w3,", "{id: w3, number: 4", "windows[2].id: w3 stands twice"),
        ("deputy: he}", "deputy: she}", "deputy: she", "officials[0].deputy: there is no official she"),
        ("deputy: he}", "deputy: zhou}", "deputy: zhou", "officials[0].deputy: nobody stands in"),
        ("duty: deputy}", "duty: principal}", "{id: w4", "windows[2].duty: one person cannot sit at two windows"),
        (
            "department: natural-resources}\n  - {id: wu",
            "department: natural-resources, head: true}\n  - {id: wu",
            "- {id: he",
            "officials[1].head: natural-resources has another head",
        ),
        (
            "en: Civil Affairs Bureau}}",
            "en: Civil Affairs Bureau}, general_desk: true}",
            "general_desk: true}\nofficials",
            "departments[2].general_desk: another department",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=8", "FREQ=SECONDLY", "FREQ=SECONDLY", "programmes[1].rrule: FREQ must be one of"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=8",
            "FREQ=MONTHLY;BYHOUR=8",
            "FREQ=MONTHLY;BYHOUR",
            "programmes[1].rrule: takes no BYHOUR",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=8",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "- id: joint",
            "programmes[1]: rrule: names no day",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=8", "FREQ=MONTHLY;BYMONTHDAY=99", "- id: joint", "programmes[1]: rrule: "),
        # dateutil takes no day for every day, and of two the last
        ("FREQ=MONTHLY;BYMONTHDAY=8", "FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0", "programmes[1].rrule: BYMONTHDAY"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=8",
            "FREQ=MONTHLY;BYMONTHDAY=8;BYMONTHDAY=9",
            "BYMONTHDAY=9",
            "programmes[1].rrule: names BYMONTHDAY twice",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=8", "every month", 'rrule: "every', "programmes[1].rrule: must be a rule"),
        (
            "capacity: 3, counter_seats: 1",
            "capacity: 3, counter_seats: 4",
            "booking: {slot",
            "programmes[0].booking: counter_seats and walk_in_seats",
        ),
        ("slot_minutes: 30", "slot_minutes: 240", "- id: service-day", "programmes[0]: a period is shorter"),
        (
            '{from: "14:30", to: "17:00"}]\n    booking',
            '{from: "11:30", to: "17:00"}]\n    booking',
            "opening: [{",
            "programmes[0].opening: periods overlap at 11:30",
        ),
        (
            '{from: "14:30", to: "17:00"}]\n    booking',
            '{from: 14, to: "17:00"}]\n    booking',
            "opening: [{",
            "programmes[0].opening[1].from: must be a time of day in quotes",
        ),
        ("starts_on: 2026-01-01", "starts_on: 2026-02-30", "starts_on: 2026-02-30", "programmes[0].starts_on: "),
        ('phone: "12345 转 2"', "phone: 12345", "phone: 12345", "venue.phone: input should be a valid string"),
        ('phone: "12345 转 2"', 'phone: "1\\0"', "phone:", "venue.phone: holds a control character"),
        ("id: hall", "id: Hall", "id: Hall", "venue.id: string should match pattern"),
        ("format: 1", "format: 2", "format: 2", "format: must be 1"),
        ("format: 1", "formats: 1", "formats: 1", "formats: is no part of a pack"),
        (
            "  - {id: w7, number: 7, department: civil-affairs, duty: principal}\n",
            "",
            "department: civil-affairs\n    name: {zh: 最低",
            "matters[1].department: civil-affairs has no window",
        ),
        ("venue:\n", "venue:\n  id: hall\n", "  id: hall\n  name", "venue.id: stands twice"),
    ],
)
def test_each_mistake_is_told_where_it_stands(old, new, at, said):
    text = changed(old, new)
    found = findings(text)
    wanted = f"county.yaml:{line_of(text, at)}: {said}"
    assert any(each.startswith(wanted) for each in found), (wanted, found)


def test_all_mistakes_are_told_at_once_and_none_for_another_ones_sake():
    text = changed("visit: needed\n    common", "visit: never\n    common")
    text = changed("deputy: he}", "deputy: she}", text)
    text = changed("{id: civil-affairs, name", "{id: civil-affairs, nam", text)
    text = changed("FREQ=MONTHLY;BYMONTHDAY=8", "no", text)
    found = findings(text)
    assert [each.split(": ", 2)[1] for each in found] == [
        "departments[1].name",
        "departments[1].nam",
        "officials[0].deputy",
        "matters[0].visit",
        "programmes[1].rrule",
    ]


def test_a_pack_in_several_files_is_one_pack():
    head, rest = PACK.split("matters:\n")
    matters, programmes = rest.split("programmes:\n")
    third, fourth = matters.split("  - id: marriage")
    files = [
        ("county.yaml", head),
        ("matters.yaml", "matters:\n" + third),
        ("more.yaml", "format: 1\nmatters:\n  - id: marriage" + fourth),
        ("programmes.yaml", "programmes:\n" + programmes),
    ]
    county, found = read_pack(files)
    assert found == []
    assert len(county.matters) == 4
    broken = files[2][1].replace("visit: needed", "visit: maybe", 1)
    _, found = read_pack([*files[:2], ("more.yaml", broken), files[3]])
    assert [str(each).split(" ")[0] for each in found] == [f"more.yaml:{line_of(broken, 'visit: maybe')}:"]
    _, found = read_pack([*files, ("again.yaml", "venue: {id: other}")])
    assert str(found[0]).startswith("again.yaml:1: venue: stands in another file")


def test_what_is_missing_altogether_is_told():
    said = findings("format: 1\n")
    assert [each.split(": ")[1] for each in said] == [
        "venue", "departments", "windows", "officials", "matters", "programmes",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("venue: [", 1, "yaml_syntax"),
        ("a: 1\nb: c: d", 2, "yaml_syntax"),
        ("--- a\n--- b", 2, "yaml_syntax"),
        ("\tvenue: 1", 1, "yaml_syntax"),
        ("venue: \x00", 1, "yaml_syntax"),
        ('venue: "\\ud800"', 1, "yaml_syntax"),
        ("x: &a [1]\nvenue: *a", 1, "yaml_alias"),
        ("venue: " + "[" * 50_000, 1, "yaml_depth"),
        ("venue: " + "{a: " * 50_000, 1, "yaml_depth"),
        ("venue: !!python/object/apply:os.system [true]", 1, "model_type"),
        ("venue: !!binary aGVsbG8=", 1, "yaml_tag"),
        ("? [a, b]\n: c", 1, "yaml_key"),
        ("- a list", 1, "dict_type"),
        ("just text", 1, "dict_type"),
        ("matters: 5", 1, "list_type"),
        ("matters: [5]", 1, "dict_type"),
    ],
)
def test_hostile_and_broken_yaml_is_told_and_nothing_more(text, line, code):
    found = read_pack([("x.yaml", text)])[1]
    assert any((each.line, each.code) == (line, code) for each in found), found


@pytest.mark.parametrize("text", ["", "# nothing", "format: 1", "calendars: []", "calendars:"])
def test_a_calendar_file_without_a_calendar_is_told(text):
    assert [each.code for each in read_calendars([("c.yaml", text)])[1]] == ["missing"]


def test_calendars_are_read_and_their_mistakes_told():
    layers, found = read_calendars([("c.yaml", CALENDAR_2027)])
    assert found == []
    assert (layers[0].year, layers[0].kind, len(layers[0].rest_days)) == (2027, "official", 8)
    text = CALENDAR_2027.replace("2027-02-20", "2027-02-22").replace("source:", "sauce:")
    assert [str(each).split(": ", 2)[1] for each in read_calendars([("c.yaml", text)])[1]] == [
        "calendars[0].source",
        "calendars[0].sauce",
    ]
    text = CALENDAR_2027.replace("2027-02-20", "2027-02-22")
    assert "2027-02-22 is no weekend" in str(read_calendars([("c.yaml", text)])[1][0])
    text = CALENDAR_2027.replace("official", "seed")
    assert [each.code for each in read_calendars([("c.yaml", text)])[1]] == ["kind_seed"]
    text = CALENDAR_2027 + CALENDAR_2027.removeprefix("calendars:\n")
    assert [each.code for each in read_calendars([("c.yaml", text)])[1]] == ["year_twice"]
    assert next(each.code for each in read_calendars([("c.yaml", PACK)])[1]) == "extra_forbidden"
