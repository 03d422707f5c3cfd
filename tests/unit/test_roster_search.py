"""Plain words find the matter."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.roster.domain.pack import read_pack
from services.roster.domain.search import Findable, prepared, rank, similarity

DEMO = Path(__file__).parents[2] / "deploy" / "packs" / "wangchuan"


def findable(county):
    names = {each.id: each.name for each in county.departments}
    return [
        Findable(
            matter_id=each.id,
            plain_names=(each.plain_name.zh, each.plain_name.en),
            synonyms=each.synonyms,
            names=(each.name.zh, each.name.en),
            department_names=(names[each.department].zh, names[each.department].en),
            common=each.common,
        )
        for each in county.matters
    ]


COUNTY = findable(read_pack([(each.name, each.read_text()) for each in sorted(DEMO.glob("*.yaml"))])[0])


@pytest.mark.parametrize("nothing", ["%", "？？？", "😀", "…… !"])
def test_what_holds_no_letter_and_no_digit_finds_nothing(nothing):
    assert rank(nothing, COUNTY) == []


@pytest.mark.parametrize("blank", ["", " ", "\u3000"])
def test_without_a_query_all_matters_are_there(blank):
    assert len(rank(blank, COUNTY)) == len(COUNTY)


@pytest.mark.parametrize(
    ("words", "found", "never"),
    [
        ("工伤", "上班受伤，认工伤", "开店、办营业执照"),
        ("passport", "办护照、港澳通行证", "货车、冷链车进城证"),
        ("过户房子", "二手房过户", "拖拉机、收割机上牌"),
        ("房本", "二手房过户", ""),
        ("路灯", "不知道找谁", "电梯、锅炉、叉车登记上牌"),
        ("邻居占地", "不知道找谁", "临时占地堆料、搭工棚"),
        ("我家娃想转到县城读书", "孩子转学", ""),
    ],
)
def test_the_county_finds_what_is_meant_and_not_what_sounds_like_it(words, found, never):
    plain = {each.matter_id: each.plain_names[0] for each in COUNTY}
    names = [plain[each] for each in rank(words, COUNTY)]
    assert names[0] == found
    assert never not in names


FEW = [
    Findable(
        "house",
        ("二手房过户", "Transfer a second-hand home"),
        ("房子过户", "房产证改名"),
        ("不动产转移登记",),
        common=True,
    ),
    Findable("school", ("孩子转学", "Move a child to another school"), ("转校",), ("中小学生转学",)),
    Findable(
        "shop", ("开个体户", "Open a small business"), ("开店", "办营业执照"), ("个体工商户设立登记",), common=True
    ),
    Findable("name", ("公司名里带“国药”", "Use 国药 in a company name"), ("国药",), ("企业名称禁限用字词核准",)),
    Findable(
        "allowance", ("申请低保", "Apply for the low-income allowance"), ("低保", "困难补助"), ("最低生活保障对象认定",)
    ),
    Findable(
        "bank",
        ("社保卡换银行", "Move a social security card to another bank"),
        ("换银行卡",),
        ("社保卡银行账户变更",),
    ),
    Findable(
        "licence",
        ("餐饮许可证", "Food licence"),
        ("食品经营许可证",),
        ("食品经营许可",),
        ("市场监督管理局", "Market Bureau"),
    ),
]


def best(words, matters=FEW):
    found = rank(words, matters)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("words", "matter_id"),
    [
        ("房子过户", "house"),
        ("我想把房子过户给儿子", "house"),
        ("二手房", "house"),
        ("二手房子过户", "house"),
        ("不动产登记", "house"),
        ("孩子转学", "school"),
        ("小孩转学怎么办理", "school"),
        ("转学", "school"),
        ("开店", "shop"),
        ("我要开店", "shop"),
        ("营业执照", "shop"),
        ("国药", "name"),
        ("低保", "allowance"),
        ("办低保需要什么材料", "allowance"),
        ("底保", "allowance"),  # typed by pinyin, the wrong characters picked
        ("房子果户", "house"),
        ("dibao", "allowance"),
        ("di bao", "allowance"),
        ("db", "allowance"),
        ("fzgh", "house"),
        ("fangziguohu", "house"),
        ("fangziguohou", "house"),  # a letter too many
        ("zhuanxue", "school"),
        ("low income", "allowance"),
        ("Low-Income Allowance", "allowance"),
        ("allowence", "allowance"),
        ("transfer my home", "house"),
        ("food lisence", "licence"),
        ("social card bank", "bank"),
        ("zhuanx", "school"),
        ("yinhang", "bank"),  # 行 has four readings
        ("银航卡", "bank"),
        ("ＤＩＢＡＯ", "allowance"),  # full width
        ("  低 保。 ", "allowance"),
        ("市场监督管理局", "licence"),
    ],
)
def test_plain_words_find_the_matter(words, matter_id):
    assert best(words) == matter_id


@pytest.mark.parametrize("words", ["星际旅行", "xyzzy", "飞", "qqq", "the"])
def test_what_no_matter_is_finds_nothing(words):
    assert rank(words, FEW) == []


@pytest.mark.parametrize(
    ("words", "among"),
    [
        ("房子过户", "过户"),
        ("孩子转学", "转学"),
        ("开店", "个体|执照"),
        ("国药", "国药|名称"),
        ("低保", "低保"),
        ("林地", "林地"),
        ("村里修路", "路"),
        ("生孩子报销", "生育"),
        ("小水电", "水电"),
        ("施工许可证", "施工"),
        ("不知道找谁", "不知道|咨询"),
        ("营业执照", "执照|个体|公司|企业"),
    ],
)
def test_in_the_demo_county_the_first_three_have_it(words, among):
    by_id = {each.matter_id: each for each in COUNTY}
    first = rank(words, COUNTY)[:3]
    said = " ".join(" ".join((*by_id[each].plain_names, *by_id[each].names, *by_id[each].synonyms)) for each in first)
    assert any(word in said for word in among.split("|")), (words, first)


def test_without_words_the_common_ones_come_first_and_none_is_left_out():
    assert rank("", FEW) == ["house", "shop", "school", "name", "allowance", "bank", "licence"]


def test_the_same_words_beat_a_synonym_and_that_beats_a_part():
    exact = Findable("exact", ("落户",), (), ("户口登记",))
    synonym = Findable("synonym", ("户口迁移",), ("落户",), ("户口迁入",))
    part = Findable("part", ("新生儿落户",), (), ("出生登记",))
    assert rank("落户", [part, synonym, exact]) == ["exact", "synonym", "part"]


def test_among_equals_the_common_one_comes_first():
    rare = Findable("rare", ("补办证件",), (), ("补证",))
    common = Findable("common", ("补办证件",), (), ("补证",), common=True)
    assert rank("补办证件", [rare, common]) == ["common", "rare"]


@given(st.text(max_size=150))
def test_any_text_may_be_typed(words):
    found = rank(words, FEW)
    assert len(set(found)) == len(found)


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_stays_within_its_bounds(one, other):
    left, right = prepared(one), prepared(other)
    if left.joined and right.joined:
        assert 0.0 <= similarity(left, right) <= 100.0


def test_a_thousand_matters_are_searched_while_a_page_loads():
    many = [
        Findable(f"{each.matter_id}-{copy}", each.plain_names, each.synonyms, each.names, each.department_names)
        for copy in range(11)
        for each in COUNTY
    ]
    rank("开店", many)
    for words in ("房子过户", "fangziguohou", "food lisence"):
        started = time.process_time()
        rank(words, many)
        assert time.process_time() - started < 0.5, words
