"""What a browser is called where people live, from what it calls itself. Anything else than a hint it is not."""

from services.web.languages import phrase

# The first that is found counts: each of these also calls itself by the names further down.
BROWSERS = (
    ("MicroMessenger", phrase("微信")),
    ("DingTalk", phrase("钉钉")),
    ("QQBrowser", phrase("QQ 浏览器")),
    ("HuaweiBrowser", phrase("华为浏览器")),
    ("MiuiBrowser", phrase("小米浏览器")),
    ("UCBrowser", phrase("UC 浏览器")),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
DEVICES = (
    ("HarmonyOS", phrase("鸿蒙")),
    ("OpenHarmony", phrase("鸿蒙")),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", phrase("安卓")),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def named(agent: str) -> tuple[str, ...]:
    """Browser and device, as phrases; none of them where it calls itself by no name that we know."""
    found = (next((name for sign, name in table if sign in agent), None) for table in (BROWSERS, DEVICES))
    return tuple(each for each in found if each)
