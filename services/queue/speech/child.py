"""`python -m services.queue.speech.child`: a sentence and the name of a voice come in as JSON, a WAV file goes out.

The voices are espeak-ng's, out of a wheel with its data; nothing of the machine is used.
"""

import ctypes
import json
from array import array

import espeakng_loader

from services.queue.speech import sounds
from shared.confined import serve

MEMORY_MEBIBYTES = 384
"""Of addresses; the voices with their dictionaries take some 60."""
SECONDS = 8

SYNCHRONOUS = 2
"""`AUDIO_OUTPUT_SYNCHRONOUS`: samples are handed over in this thread."""
BY_CHARACTER = 1
"""`POS_CHARACTER`: where to begin is told in characters."""
UTF8 = 1
"""`espeakCHARS_UTF8`."""
RATE_PARAMETER, WORDS_A_MINUTE = 1, 160
"""Somewhat slower than espeak's own 175: in a hall it echoes."""

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def speak(text: str, voice: str) -> "tuple[array[int], int]":
    """The samples of a sentence and how many there are a second. RuntimeError where espeak will not."""
    espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = espeak.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0 or espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        raise RuntimeError("no such voice")
    spoken = bytearray()

    def keep(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            spoken.extend(ctypes.string_at(samples, 2 * count))
        return 0

    callback = Callback(keep)  # held by name: espeak keeps no reference
    espeak.espeak_SetSynthCallback(callback)
    espeak.espeak_SetParameter(RATE_PARAMETER, WORDS_A_MINUTE, 0)
    sentence = text.encode()
    if espeak.espeak_Synth(sentence, len(sentence) + 1, 0, BY_CHARACTER, 0, UTF8, None, None) != 0 or not spoken:
        raise RuntimeError("not spoken")
    return array("h", bytes(spoken)), rate


def call(work: bytes) -> bytes:
    """The gong, and twice the sentence."""
    wish = json.loads(work)
    spoken, rate = speak(wish["text"], wish["voice"])
    voice = sounds.as_loud_as(sounds.trimmed(spoken), sounds.VOICE_LOUDNESS)
    pause = sounds.silence(0.5, rate)
    return sounds.as_wave(sounds.gong(rate) + pause[: len(pause) // 4] + voice + pause + voice, rate)


if __name__ == "__main__":
    serve(call, memory_mebibytes=MEMORY_MEBIBYTES, seconds=SECONDS)
