"""Calls that are heard: a WAV that can be played, made once, within bounds."""

import asyncio
import io
import math
import wave
from array import array

import pytest

from services.queue.domain.problems import SpeechUnavailable
from services.queue.speech import announcer as announcing
from services.queue.speech.announcer import Announcer
from shared import apart
from tests.integration import queue_hall
from tests.integration.queue_hall import API, Hall


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


def samples(file: bytes) -> tuple[array, int]:
    with wave.open(io.BytesIO(file)) as read:
        assert (read.getnchannels(), read.getsampwidth()) == (1, 2)
        return array("h", read.readframes(read.getnframes())), read.getframerate()


def loudness(sound: array) -> float:
    return math.sqrt(sum(each * each for each in sound) / len(sound))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("number", "window"), [("A012", 3), ("W777", 77), ("WW777", 77)])
async def test_a_call_is_heard_after_a_gong_and_twice(hall: Hall, number: str, window: int, language: str):
    answer = await hall.http.get(f"{API}/speech/{number}/{window}.wav", params={"language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    sound, rate = samples(answer.content)
    assert rate == 22_050
    longest = 12 if len(number) == 4 else 15  # of two letters are the numbers of halls with more than 24 departments
    assert 3 < len(sound) / rate < longest
    assert loudness(sound[:rate]) > 500, "the gong"
    spoken = sound[round(1.6 * rate) :]
    assert loudness(spoken) > 1_000
    half = len(spoken) // 2
    assert loudness(spoken[:half]) == pytest.approx(loudness(spoken[-half:]), rel=0.1), "said twice"


async def test_each_call_sounds_otherwise(hall: Hall):
    calls = ["A012/3.wav", "A013/3.wav", "B012/3.wav", "A012/4.wav", "A012/3.wav?language=en"]
    made = [(await hall.http.get(f"{API}/speech/{each}")).content for each in calls]
    assert len(set(made)) == len(calls)
    assert (await hall.http.get(f"{API}/speech/A012/3.wav")).content == made[0]


@pytest.mark.parametrize(
    "call", ["A12/3.wav", "a012/3.wav", "ABC012/3.wav", "A012/0.wav", "A012/100.wav", "A012/03.wav",
             "A012/3.wav?language=fr", "A０１２/3.wav", "A012/３.wav", "A012%0A/3.wav"],
)  # fmt: skip
async def test_what_is_no_call_is_refused(hall: Hall, call: str):
    answer = await hall.http.get(f"{API}/speech/{call}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_call_is_made_once_one_at_a_time_and_old_ones_are_forgotten(monkeypatch):
    made, now = [], [0, 0]

    async def run(*_: str, work: bytes, **__: object) -> bytes:
        made.append(work)
        now[0] += 1
        now[1] = max(now)
        await asyncio.sleep(0.01)
        now[0] -= 1
        return bytes(100)

    monkeypatch.setattr(apart, "run", run)
    monkeypatch.setattr(announcing, "KEPT_BYTES", 250)
    announcer = Announcer()
    await asyncio.gather(*(announcer.speak(f"A00{each % 2}", 1, "zh") for each in range(8)))
    assert (len(made), now[1]) == (2, 1)
    await announcer.speak("A000", 1, "zh")
    await announcer.speak("A002", 1, "zh")  # no room for three: what was asked for longest ago goes
    await announcer.speak("A000", 1, "zh")
    assert len(made) == 3
    await announcer.speak("A001", 1, "zh")
    assert len(made) == 4


async def test_too_many_who_wait_are_told_so_and_so_is_who_waits_too_long(monkeypatch):
    async def run(*_: str, **__: object) -> bytes:
        await asyncio.sleep(60)
        return b""

    monkeypatch.setattr(apart, "run", run)
    monkeypatch.setattr(announcing, "SECONDS", 0.2)
    announcer = Announcer()
    asked = [announcer.speak(f"A{each:03}", 1, "zh") for each in range(announcing.WAITING_MOST + 1)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(each) for each in told} == {SpeechUnavailable}
    monkeypatch.undo()
    assert len(await announcer.speak("A012", 3, "zh")) > 100_000, "nobody's place was lost"
