"""Chinese names in Latin letters, as passports write them (GB/T 28039): surname first, ü as yu.

Surnames have readings of their own (单 is Shan, not Dan), and some have two characters; those stand here, for all
others the usual reading is right.
"""

import os
import re

# Its table of phrases costs 40 MiB a process and says nothing of names; it is left out at the import alone.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")

from pypinyin import Style, lazy_pinyin

CHINESE_NAME = re.compile(r"[\u3400-\u9fff]{2,6}")
SURNAMES: dict[str, str] = {
    "单": "Shan", "曾": "Zeng", "仇": "Qiu", "解": "Xie", "任": "Ren", "区": "Ou", "查": "Zha", "盖": "Ge",
    "朴": "Piao", "翟": "Zhai", "缪": "Miao", "乐": "Yue", "员": "Yun", "黑": "He", "秘": "Bi", "折": "She",
    "种": "Chong", "繁": "Po", "祭": "Zhai", "能": "Nai", "佴": "Nai", "车": "Che", "宁": "Ning", "薄": "Bo",
    "么": "Yao", "沈": "Shen", "石": "Shi", "叶": "Ye", "盛": "Sheng", "谌": "Chen", "郗": "Xi", "洗": "Xian",
    "冼": "Xian", "覃": "Qin", "晁": "Chao", "贾": "Jia", "葛": "Ge", "纪": "Ji", "华": "Hua", "曲": "Qu",
    "卜": "Bu", "燕": "Yan", "应": "Ying", "柏": "Bai", "隗": "Wei", "逄": "Pang", "牟": "Mu", "召": "Shao",
    "尉迟": "Yuchi", "长孙": "Zhangsun", "万俟": "Moqi", "澹台": "Tantai", "令狐": "Linghu", "欧阳": "Ouyang",
    "司马": "Sima", "上官": "Shangguan", "诸葛": "Zhuge", "皇甫": "Huangfu", "夏侯": "Xiahou", "慕容": "Murong",
    "司徒": "Situ", "公孙": "Gongsun", "东方": "Dongfang", "宇文": "Yuwen", "南宫": "Nangong", "端木": "Duanmu",
}  # fmt: skip
GIVEN = {"长": "chang", "晟": "sheng", "琢": "zhuo", "莞": "wan", "还": "huan", "都": "du", "重": "chong"}
"""Characters that are read otherwise in a given name than by themselves."""


def romanised(name: str) -> str:
    """周文清 as Zhou Wenqing; nothing for what is no Chinese name."""
    if not CHINESE_NAME.fullmatch(name):
        return ""
    characters = 2 if name[:2] in SURNAMES and len(name) > 2 else 1  # noqa: PLR2004  (东方 alone is surname and name)
    surname, given = name[:characters], name[characters:]
    first = SURNAMES.get(surname) or "".join(_syllables(surname)).capitalize()
    # An apostrophe where the second syllable would else be read into the first: Xi'an.
    rest = "".join(f"'{each}" if place and each[0] in "aeo" else each for place, each in enumerate(_syllables(given)))
    return f"{first} {rest.capitalize()}"


def _syllables(characters: str) -> list[str]:
    read = (GIVEN.get(each) or lazy_pinyin(each, style=Style.NORMAL)[0] for each in characters)
    return [each.replace("v", "yu") for each in read]
