"""Sounds as samples: signed, 16 bits, one channel. The gong is reckoned, so that there is no recording of anybody's."""

import math
from array import array
from io import BytesIO
from wave import open as open_wave

LOUDEST = 32767
GONG = ((659.26, 0.0), (523.25, 0.45))
"""Tones in Hz and when they begin, in seconds: a third downwards."""
GONG_SECONDS = 1.5
PARTIALS = ((1, 1.0, 3.0), (2, 0.35, 5.0), (3, 0.12, 8.0))
"""Of each tone: multiple, strength, and how fast it dies away, for the higher ones die first."""
ATTACK_SECONDS = 0.02
RELEASE_SECONDS = 0.1
GONG_LOUDNESS = 0.4
VOICE_LOUDNESS = 0.85


def gong(rate: int) -> "array[int]":
    """Two soft strokes that begin and end in silence."""
    length = int(GONG_SECONDS * rate)
    sound = [0.0] * length
    for pitch, begins in GONG:
        first = int(begins * rate)
        for index in range(first, length):
            after = (index - first) / rate
            swell = min(after / ATTACK_SECONDS, 1.0) * min((length - index) / rate / RELEASE_SECONDS, 1.0)
            sound[index] += swell * sum(
                strength * math.exp(-decay * after) * math.sin(math.tau * pitch * multiple * after)
                for multiple, strength, decay in PARTIALS
            )
    return as_loud_as(sound, GONG_LOUDNESS)


def as_loud_as(sound: "list[float] | array[int]", loudness: float) -> "array[int]":
    """The same with its highest peak at a share of what there can be. Silence stays."""
    peak = max((abs(each) for each in sound), default=0)
    factor = loudness * LOUDEST / peak if peak else 0.0
    return array("h", [round(each * factor) for each in sound])


def trimmed(sound: "array[int]") -> "array[int]":
    """Without what is too soft to be heard at its end."""
    bound = max((abs(each) for each in sound), default=0) // 100
    last = next((index for index in range(len(sound) - 1, -1, -1) if abs(sound[index]) > bound), -1)
    return sound[: last + 1]


def silence(seconds: float, rate: int) -> "array[int]":
    """Nothing, for a while."""
    return array("h", bytes(2 * int(seconds * rate)))


def as_wave(sound: "array[int]", rate: int) -> bytes:
    """A WAV file."""
    file = BytesIO()
    with open_wave(file, "wb") as wave:
        wave.setnchannels(1)
        wave.setsampwidth(2)
        wave.setframerate(rate)
        wave.writeframes(sound.tobytes())
    return file.getvalue()
