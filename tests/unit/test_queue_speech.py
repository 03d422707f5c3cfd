"""What is said when a ticket is called, and the sounds around it."""

import math

import pytest

from services.queue.domain.speech import announcement, chinese_number
from services.queue.speech import sounds

RATE = 22_050


@pytest.mark.parametrize(
    ("number", "window", "language", "said"),
    [
        ("A012", 3, "zh", "请 A 零 一 二 号，到 三 号窗口。"),
        ("AB340", 23, "zh", "请 A，B 三 四 零 号，到 二十三 号窗口。"),
        ("A012", 3, "en", "Number A, zero one two, please go to window 3."),
        ("AB340", 23, "en", "Number A, B, three four zero, please go to window 23."),
    ],
)
def test_a_number_is_said_digit_by_digit(number, window, language, said):
    assert announcement(number, window, language) == said


def test_windows_are_counted_as_people_count():
    said = {1: "一", 2: "二", 10: "十", 11: "十一", 20: "二十", 22: "二十二", 90: "九十", 99: "九十九"}
    assert {each: chinese_number(each) for each in said} == said


def test_the_gong_begins_and_ends_softly():
    gong = sounds.gong(RATE)
    assert len(gong) == round(sounds.GONG_SECONDS * RATE)
    assert max(map(abs, gong)) == pytest.approx(sounds.GONG_LOUDNESS * sounds.LOUDEST, rel=0.01)
    few = RATE // 500  # two milliseconds
    assert max(map(abs, gong[:few])) < 2_000
    assert max(map(abs, gong[-few:])) < 100
    middle = gong[RATE // 2 : RATE]
    assert math.sqrt(sum(each * each for each in middle) / len(middle)) > 1_000


def test_silence_stays_silent_and_is_cut_from_the_end():
    quiet = sounds.silence(0.1, RATE)
    assert set(sounds.as_loud_as(quiet, 0.5)) == {0}
    assert len(sounds.trimmed(quiet)) == 0
    assert list(sounds.trimmed(sounds.array("h", [0, 9_000, 5, 0]))) == [0, 9_000]
