"""What is said in the hall when a ticket is called: its number a digit at a time, as people read numbers aloud."""

from typing import Literal

Language = Literal["zh", "en"]

DIGITS = "零一二三四五六七八九"
ENGLISH_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES: dict[Language, str] = {"zh": "cmn", "en": "en-us"}
"""espeak-ng's names of them. The Mandarin one says a letter by its English name."""


def announcement(number: str, window_number: int, language: Language) -> str:
    """The sentence for a ticket such as A012 and a window from 1 to 99."""
    letters, digits = number[:-3], number[-3:]
    if language == "en":
        said = ", ".join([*letters, " ".join(ENGLISH_DIGITS[int(each)] for each in digits)])
        return f"Number {said}, please go to window {window_number}."
    said = "，".join(letters)  # without a comma "A B" is read as a letter with its article
    return f"请 {said} {' '.join(DIGITS[int(each)] for each in digits)} 号，到 {chinese_number(window_number)} 号窗口。"


def chinese_number(value: int) -> str:
    """A number from 1 to 99 in Chinese: 三, 十, 十二, 二十, 二十三."""
    tens, ones = divmod(value, 10)
    return (DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (DIGITS[ones] if ones else "")
