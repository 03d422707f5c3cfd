"""The whole way in a browser that runs no script, on a phone."""

import re

import pytest

from tests.browser.way import GO, NOTE, fill, press, to_check, to_details, to_voucher, wrong
from tests.stack import MATTER, new_resident_id

pytestmark = pytest.mark.browser


async def title(page):
    return (await page.title()).split(" · ")[0]


async def code(page):
    return await page.inner_text("b.code")


async def test_from_a_plain_word_to_a_voucher_and_back(open_page):
    page = await open_page()
    await page.goto("/")
    assert await title(page) == "您要办什么事？"
    await page.fill("#q", "房子过户")
    await press(page)
    assert "房子过户" in await title(page)
    await press(page, ".rows a >> nth=0")
    assert await title(page) == "二手房过户：带 5 样材料"
    await press(page, "a.btn.go")
    assert await title(page) == "哪天来合适？"
    assert await page.is_checked("input[name=session]:not([disabled]) >> nth=0")
    await press(page)
    assert await title(page) == "几点来合适？"
    await press(page)
    assert await title(page) == "谁来办？"
    number = await fill(page)
    await press(page)
    assert await title(page) == "核对一遍"
    assert number not in await page.inner_text("main")
    await press(page)
    assert (await title(page)).startswith("约好了")
    assert page.url.endswith("/bookings")
    shown = await code(page)
    assert re.fullmatch(r"\d{4} \d{4}", shown)
    square = await page.locator("svg.qr").bounding_box()
    assert square["width"] > 150
    async with page.expect_download() as downloading:
        await page.click("text=放进手机日历")
    assert (await downloading.value).suggested_filename == "service-day.ics"
    await page.reload()
    assert await code(page) == shown

    await press(page, "text=取消预约")
    assert await title(page) == "真的要取消吗？"
    await press(page, "button.stop")
    assert (await title(page)).endswith("的预约取消了")


async def test_the_switches_keep_what_is_typed_and_enter_goes_on(open_page):
    page = await open_page()
    await to_details(page)
    number = await fill(page)
    await press(page, "nav.tools button[value='elder=1']")
    await press(page, "nav.tools button[value='lang=en']")
    assert await page.get_attribute("html", "class") == "elder"
    assert await page.get_attribute("html", "lang") == "en"
    assert await page.input_value("#document_number") == number
    assert await page.input_value("#note") == NOTE
    async with page.expect_navigation():
        await page.press("#name", "Enter")
    assert page.url.endswith("/check")


async def test_a_reload_and_a_double_press_book_once(open_page):
    page = await open_page()
    await to_check(page)
    await page.reload()
    await page.dblclick(GO, no_wait_after=True)
    await page.wait_for_url("**/bookings")
    # A second booking would have been refused, and its page would stand here.
    assert (await title(page)).startswith("约好了")


async def test_the_way_back_finds_the_form_as_it_was_typed(open_page):
    page = await open_page()
    number = await to_check(page, name="李后来")
    await press(page, "text=返回：实名")
    assert await page.input_value("#name") == "李后来"
    assert await page.input_value("#document_number") == number
    assert await page.input_value("#note") == NOTE


async def test_the_browsers_own_way_back_and_forward_send_nothing_again(open_page):
    page = await open_page()
    number = await to_check(page, name="李后来")
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    await page.go_back()
    assert await title(page) == "谁来办？"
    assert await page.input_value("#name") == "李后来"
    assert await page.input_value("#document_number") == number
    assert await page.input_value("#note") == NOTE
    await page.go_forward()
    assert await title(page) == "核对一遍"
    await page.reload()
    assert "李后来" in await page.inner_text("main")
    assert "POST" not in sent
    await press(page)
    shown = await code(page)
    sent.clear()
    await page.go_back()
    assert await code(page) == shown
    await page.reload()
    await page.go_back()
    assert await code(page) == shown
    await page.go_back()
    assert await title(page) == "几点来合适？"
    assert "POST" not in sent


async def test_a_form_to_mend_and_a_look_up_that_found_nothing_are_reloaded_as_they_are(open_page):
    page = await open_page()
    await to_check(page, number=wrong(new_resident_id()), name="李后来")
    await page.goto("/bookings/lookup")
    await page.fill("#code", "1234 5678")
    await press(page)
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    await page.reload()
    assert await title(page) == "有 1 处要改"
    assert await page.input_value("#code") == "1234 5678"
    for _ in range(2):
        await page.go_back()
    await page.reload()
    assert await title(page) == "有 1 处要改"
    assert await page.input_value("#name") == "李后来"
    assert "POST" not in sent


async def test_two_tabs_walk_apart(open_page):
    page = await open_page()
    other = await page.context.new_page()
    await to_check(page, name="王桂兰")
    await to_check(other, name="李后来", matter="school-transfer")
    await page.reload()
    assert "王桂兰" in await page.inner_text("main")
    await press(page)
    assert (await title(page)).startswith("约好了")
    await other.reload()
    assert "李后来" in await other.inner_text("main")


async def test_one_number_to_mend_is_told_above_and_at_the_field(open_page):
    page = await open_page()
    number = new_resident_id()
    await to_check(page, number=wrong(number))
    assert await title(page) == "有 1 处要改"
    await page.click(".errors a")
    assert page.url.endswith("#document_number")
    await page.fill("#document_number", number)
    async with page.expect_navigation():
        await page.press("#document_number", "Enter")
    assert await title(page) == "核对一遍"
    await press(page)
    assert (await title(page)).startswith("约好了")


async def test_changing_the_time_keeps_what_was_typed(open_page):
    page = await open_page()
    await to_check(page, name="李后来")
    await press(page, "dl.kv a[href*=times]")
    assert await title(page) == "换个时间"
    await page.check("input[name=pick] >> nth=2")
    await press(page)
    assert await title(page) == "核对一遍"
    assert "李后来" in await page.inner_text("main")


async def test_booking_for_somebody_else(open_page):
    page = await open_page()
    await to_details(page)
    await fill(page, name="奶奶", phone="")
    await page.click("summary")
    await page.fill("#proxy_name", "王小明")
    await page.fill("#proxy_relation", "孙子")
    await page.fill("#proxy_phone", "13700001111")
    await press(page)
    assert "王小明" in await page.inner_text("main")
    await press(page)
    assert (await title(page)).startswith("约好了")


async def test_language_and_large_print_stay(open_page):
    page = await open_page()
    await to_check(page)
    await press(page, "text=English")
    assert await title(page) == "Check your answers"
    await press(page, "text=Large print")
    assert await page.get_attribute("html", "class") == "elder"
    await press(page)
    assert (await title(page)).startswith("Booked")


async def test_a_page_that_is_not_there_leads_on(open_page):
    page = await open_page()
    await page.goto("/no-such-page")
    assert await title(page) == "没有这一页"
    await press(page, "a.btn.go")
    assert await title(page) == "您要办什么事？"


async def test_the_voucher_prints_on_a_receipt_and_the_brief_on_a4(open_page):
    page = await open_page(script=True, staff=True)
    await to_voucher(page)
    slip = await page.pdf(prefer_css_page_size=True)
    assert sizes(slip) == {(80, 250)}
    await page.emulate_media(media="print")
    assert await page.is_hidden("footer")
    assert await page.is_hidden("text=取消预约")
    assert await page.is_visible("b.code")
    assert "12345 转 2" in await page.inner_text("main")
    await page.emulate_media(media="screen")
    await page.goto("/staff/officials/zhou-wenqing")
    await press(page, "a.go")
    brief = await page.pdf(prefer_css_page_size=True, format="A4")
    assert sizes(brief) == {(210, 297)}


def sizes(document):
    """The sizes of a PDF's pages in millimetres."""
    found = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", document)
    return {(round(float(width) * 25.4 / 72), round(float(height) * 25.4 / 72)) for width, height in found}


async def test_nothing_is_loaded_from_elsewhere_and_no_page_breaks_its_own_policy(open_page, stack):
    page = await open_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/")
    await page.goto(f"/matters/{MATTER}")
    await to_voucher(page)
    assert [text for text in said if "Content Security Policy" in text or "404" in text] == []
    assert all(url.startswith(stack.address) for url in asked)
