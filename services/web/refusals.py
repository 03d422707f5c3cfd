"""What a visitor is told when something does not work: a heading that says it, and the next step.

Every code that a service may answer stands here. An unknown one gets honest general words, and its code for
whoever helps on the phone.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.web.languages import phrase


class Way(StrEnum):
    """The way on that a page offers first."""

    START = "start"
    TIMES = "times"
    """Other times, with all that was typed."""
    DATES = "dates"
    LOOKUP = "lookup"
    VOUCHER = "voucher"
    AGAIN = "again"
    """The same once more, with all that was typed."""
    MATTER = "matter"
    """How the matter is done online."""
    MATTER_PAGE = "matter_page"


@dataclass(frozen=True)
class Refusal:
    """What is said."""

    heading: str
    next_step: str
    way: Way = Way.START


NOT_SENT = Refusal(phrase("这次提交没有送到"), phrase("请再点一次。还不行，请打电话，我们替您约。"), Way.AGAIN)
"""A mistake of these pages, which the visitor need not know more of."""

REFUSALS: dict[str, Refusal] = {
    "invalid_request": Refusal(phrase("填的内容有不对的地方"), phrase("请核对以后再提交。"), Way.AGAIN),
    "malformed_json": NOT_SENT,
    "unsupported_media_type": NOT_SENT,
    "body_too_large": Refusal(phrase("填的内容太长了"), phrase("请把想说的话写短一些，再提交一次。"), Way.AGAIN),
    "idempotency_key_missing": NOT_SENT,
    "idempotency_key_malformed": NOT_SENT,
    "idempotency_key_reused": Refusal(
        phrase("这一页已经提交过一次了"), phrase("请先查一查您的预约，看看是不是已经约上了。"), Way.LOOKUP
    ),
    "privacy_version_unknown": Refusal(
        phrase("怎样保护您的信息，刚刚有了新的说明"),
        phrase("请看一遍新的说明，再提交一次。填的内容都还在。"),
        Way.AGAIN,
    ),
    "slot_unknown": Refusal(
        phrase("这个时段没有了"), phrase("服务日的安排变了。请另选一个时间，您填的内容都还在。"), Way.TIMES
    ),
    "slot_not_for_matter": Refusal(
        phrase("这个窗口不办这件事"), phrase("请选办这件事的窗口，您填的内容都还在。"), Way.TIMES
    ),
    "session_not_released": Refusal(
        phrase("这一天还没有放号"), phrase("到了放号时间再来约，或者另选一天。"), Way.TIMES
    ),
    "session_closed": Refusal(phrase("这一天已经停止预约"), phrase("请另选一天。当天也可以直接到大厅来。"), Way.TIMES),
    "session_unknown": Refusal(phrase("没有这一天的服务日"), phrase("安排可能变了。请看看现在哪几天能约。"), Way.DATES),
    "official_unknown": Refusal(phrase("名单上没有这位领导"), phrase("请回到局长名单，重新点名字。"), Way.START),
    "venue_unknown": Refusal(phrase("大厅还没有录入"), phrase("请打页面下面的电话。"), Way.START),
    "slot_past": Refusal(phrase("这个时段已经过了"), phrase("请另选一个时间，您填的内容都还在。"), Way.TIMES),
    "slot_full": Refusal(
        phrase("这个时段刚刚被约满了"), phrase("请另选一个时间，您填的内容都还在，不用重填。"), Way.TIMES
    ),
    "already_booked": Refusal(
        phrase("您这一天在这个部门已经约好了"),
        phrase(
            "一个人一天在一个部门只能约一次，可以一次说几件事。想换时间，先取消原来的；也可以再约别的日子，您填的内容都还在。"
        ),
        Way.LOOKUP,
    ),
    "times_overlap": Refusal(
        phrase("您在这个时间已经约了别的窗口"), phrase("两个预约的时间不能重叠。请另选一个时间。"), Way.TIMES
    ),
    "matter_unknown": Refusal(
        phrase("找不到这件事"), phrase("它可能改了名字或者不再办理。请用平常的话重新找一找。"), Way.START
    ),
    "matter_needs_no_visit": Refusal(
        phrase("这件事不用跑，网上就能办"), phrase("请看怎么在网上办。办的时候有难处，打电话给我们。"), Way.MATTER
    ),
    "booking_unknown": Refusal(
        phrase("没有找到这个预约"),
        phrase("请核对预约码，和预约时留的电话或证件的最后四位。号码忘了，带证件到大厅也能查。"),
        Way.LOOKUP,
    ),
    "correction_of_person": Refusal(
        phrase("预约不能换成别人"),
        phrase("姓名和证件只能更正其中一样，更正一次。要换人来，请取消以后重新预约。写错得多的，请打页面下面的电话。"),
        Way.VOUCHER,
    ),
    "booking_already_cancelled": Refusal(
        phrase("这个预约已经取消了"), phrase("不用再取消。还想来，可以重新预约。"), Way.VOUCHER
    ),
    "cancel_too_late": Refusal(
        phrase("已经过了能取消的时间"), phrase("来不了，请打个电话告诉我们，窗口好接待别人。"), Way.VOUCHER
    ),
    "case_unknown": Refusal(
        phrase("没有找到这件"),
        phrase("请核对编号，和反映时留的电话或证件的最后四位。忘了，请打页面下面的电话。"),
        Way.AGAIN,
    ),
    "case_being_made": Refusal(phrase("正在登记"), phrase("请过一秒再点一次，不会登记两件。"), Way.AGAIN),
    "case_moved_on": Refusal(
        phrase("刚刚有人办过这件"), phrase("请看看现在的样子，再决定怎么办。填的内容都还在。"), Way.AGAIN
    ),
    "act_not_now": Refusal(phrase("这一步现在做不了"), phrase("请看看它现在到了哪一步。"), Way.AGAIN),
    "return_too_late": Refusal(
        phrase("过了能退回的时间"),
        phrase("退回要在一个工作日以内。请先受理，再请别的部门协办，或者报告办不动。"),
        Way.AGAIN,
    ),
    "assignment_binds": Refusal(
        phrase("退过两次，不能再退"), phrase("请先受理。办不动的，报告办不动，按规则升一级。"), Way.AGAIN
    ),
    "extensions_used": Refusal(phrase("不能再延期了"), phrase("办不动的，请报告办不动，按规则升一级。"), Way.AGAIN),
    "extension_too_long": Refusal(phrase("一次延不了这么多天"), phrase("请写少一些。"), Way.AGAIN),
    "own_extension": Refusal(phrase("自己申请的，要别人批"), phrase("请另一位值班经理或者督查来批。"), Way.AGAIN),
    "term_too_long": Refusal(phrase("期限太长了"), phrase("请选近一些的日子。"), Way.AGAIN),
    "date_not_ahead": Refusal(phrase("日子要在今天以后，一年以内"), phrase("请另选一天。"), Way.AGAIN),
    "date_is_rest_day": Refusal(phrase("那天放假"), phrase("请选工作日。"), Way.AGAIN),
    "department_unknown": Refusal(phrase("没有这个部门"), phrase("请从列表里选。"), Way.AGAIN),
    "same_department": Refusal(phrase("已经是这个部门了"), phrase("请另选一个部门。"), Way.AGAIN),
    "department_complained_about": Refusal(
        phrase("投诉的就是这个部门的人"), phrase("不能交给它，请另选一个部门。"), Way.AGAIN
    ),
    "part_unknown": Refusal(phrase("这一份协办已经办好了"), phrase("请看看现在的样子。"), Way.AGAIN),
    "measure_unknown": Refusal(phrase("这一项帮扶已经兑现了"), phrase("请看看现在的样子。"), Way.AGAIN),
    "parts_open": Refusal(phrase("还有协办的部门没办完"), phrase("等他们办完，再答复。"), Way.AGAIN),
    "too_many": Refusal(phrase("写得太多了"), phrase("请把要说的合在一起。着急的话请打电话。"), Way.AGAIN),
    "called_today": Refusal(phrase("今天打过了"), phrase("没联系上的，一天算一次。请换一个工作日再打。"), Way.AGAIN),
    "same_handler": Refusal(phrase("上次的答复群众不认可"), phrase("这次要换一个人办。"), Way.AGAIN),
    "already_listed": Refusal(phrase("已经挂牌了"), phrase("不用再挂。"), Way.AGAIN),
    "not_listed": Refusal(phrase("没有挂牌"), phrase("请看看现在的样子。"), Way.AGAIN),
    "not_verified": Refusal(phrase("还没有核实"), phrase("核实办结以后才能销号。请先回访。"), Way.AGAIN),
    "not_public": Refusal(phrase("投诉人的不挂牌"), phrase("由督查直接办。"), Way.AGAIN),
    "merge_into_itself": Refusal(phrase("这是同一件"), phrase("请写另一件的编号。"), Way.AGAIN),
    "other_case_unknown": Refusal(phrase("没有这个编号的没办结的问题"), phrase("请核对编号。"), Way.AGAIN),
    "raised_before_unknown": Refusal(
        phrase("没有找到以前那一件"), phrase("请核对编号；要用当时留的电话或者证件。想不起来就空着。"), Way.AGAIN
    ),
    "meeting_unknown": Refusal(phrase("没有这次会"), phrase("安排可能变了，请看看现在有哪几次。"), Way.START),
    "meeting_moved_on": Refusal(phrase("刚刚有人动过这次会"), phrase("请看看现在的样子，再决定怎么办。"), Way.AGAIN),
    "meeting_act_not_now": Refusal(phrase("这一步现在做不了"), phrase("请看看会开到了哪一步。"), Way.AGAIN),
    "meeting_not_today": Refusal(phrase("还没到开会那天"), phrase("到了那天再点开会。"), Way.AGAIN),
    "item_unknown": Refusal(phrase("议程上没有这一件"), phrase("可能已经移出去了，或者已经定了。"), Way.AGAIN),
    "already_on_agenda": Refusal(phrase("已经在议程上了"), phrase("不用再加。"), Way.AGAIN),
    "items_open": Refusal(phrase("还有议题没有定"), phrase("每一件都要定下来，或者推到下次。"), Way.AGAIN),
    "visit_missing": Refusal(phrase("还没有记现场情况"), phrase("定了的每一件，都要记在现场看到什么。"), Way.AGAIN),
    "case_not_for_meeting": Refusal(
        phrase("这一件不能上会"), phrase("办结了的、中止着的、投诉人的，都不上会。"), Way.AGAIN
    ),
    "paper_unavailable": Refusal(phrase("现在打印不出来"), phrase("请过几秒再点一次。"), Way.AGAIN),
    "too_many_tries": Refusal(
        phrase("试得太多，先歇一会儿"), phrase("为了保护大家的信息，过一会儿才能再查。着急的话请打电话。"), Way.LOOKUP
    ),
    "too_many_requests": Refusal(
        phrase("从您这里约得太多了，先歇一会儿"),
        phrase("您填的内容都还在，过一会儿再点“再试一次”。着急的话，到服务台或者打电话，我们替您约。"),
        Way.AGAIN,
    ),
    "busy": Refusal(phrase("现在约的人太多"), phrase("请过几秒再点一次。您填的内容都还在，不会约重。"), Way.AGAIN),
    "sign_in_needed": Refusal(phrase("请先登录"), phrase("登录过期了，或者在别处退出了。请重新登录。"), Way.START),
    "token_unknown": Refusal(phrase("请先登录"), phrase("登录过期了，或者在别处退出了。请重新登录。"), Way.START),
    "sign_in_refused": Refusal(
        phrase("用户名、密码或者动态码不对"),
        phrase("请看看大小写，等手机上换了新的动态码再试。忘了密码，请找系统管理员。"),
        Way.AGAIN,
    ),
    "code_not_sent": Refusal(
        phrase("验证码没有发出去"),
        phrase("请过半分钟再点一次。着急的话不用登录：有预约码就能查，打电话也行。"),
        Way.AGAIN,
    ),
    "person_unknown": Refusal(phrase("名单上没有这个人"), phrase("可能已经删掉了。请看看现在的名单。"), Way.START),
    "person_known": Refusal(
        phrase("这个证件已经在名单上了"), phrase("一个证件只记一次，请看看名单上是谁。"), Way.AGAIN
    ),
    "self_known": Refusal(
        phrase("名单上已经有您本人了"), phrase("本人只有一个。别的人，请选他和您的关系。"), Way.AGAIN
    ),
    "too_many_persons": Refusal(
        phrase("名单满了"), phrase("请先删掉不用的。要替更多的人约，请到大厅找工作人员帮办。"), Way.START
    ),
    "too_many_documents": Refusal(phrase("这个人的证件记满了"), phrase("请先去掉不用的，再加新的。"), Way.AGAIN),
    "document_needed": Refusal(phrase("至少要留一个证件"), phrase("预约要实名，没有证件约不了。"), Way.AGAIN),
    "document_unknown": Refusal(phrase("这个证件已经去掉了"), phrase("请看看现在的样子。"), Way.AGAIN),
    "too_busy": Refusal(phrase("登录的人太多了"), phrase("请等几秒钟再点一次。"), Way.AGAIN),
    "pairing_refused": Refusal(
        phrase("这个配对码打不开"),
        phrase("请看看有没有写错。用过一次、过了 15 分钟的码不能再用，请重新登记一次。"),
        Way.AGAIN,
    ),
    "device_revoked": Refusal(
        phrase("这台机器停用了"),
        phrase("要签到、取号，请到服务台。要再用它，请值班经理重新登记，在下面写新的配对码。"),
        Way.AGAIN,
    ),
    "password_refused": Refusal(phrase("现在的密码不对"), phrase("请重新写一次。"), Way.AGAIN),
    "enrolment_needed": Refusal(phrase("还有两步没有做完"), phrase("请先设自己的密码，再绑定手机。"), Way.START),
    "identity_unavailable": Refusal(
        phrase("现在认不出您是谁"), phrase("我们正在修。过一会儿再试一次，着急就打电话。"), Way.AGAIN
    ),
    "oidc_not_offered": Refusal(phrase("这里不能用统一身份登录"), phrase("请用用户名和密码登录。"), Way.AGAIN),
    "oidc_unavailable": Refusal(
        phrase("现在连不上统一身份登录"), phrase("请用用户名和密码登录，或者过一会儿再试。"), Way.AGAIN
    ),
    "oidc_refused": Refusal(
        phrase("这次没有登录成"), phrase("请重新点一次。还不行，就用用户名和密码登录。"), Way.AGAIN
    ),
    "oidc_expired": Refusal(
        phrase("这次登录放得太久了"), phrase("请重新点一次；浏览器要允许本站使用 Cookie。"), Way.AGAIN
    ),
    "oidc_subject_unknown": Refusal(
        phrase("您的统一身份在这里还不能登录"),
        phrase("请找系统管理员，把它和您在这里的账号连起来；有密码的，也可以用密码登录。"),
        Way.AGAIN,
    ),
    "oidc_telephone_missing": Refusal(
        phrase("您还没有绑定手机"),
        phrase("请先用发给您的密码登录一次，绑定手机。以后就能用统一身份登录。"),
        Way.AGAIN,
    ),
    "account_unknown": Refusal(phrase("没有这个账号"), phrase("请从账号列表里重新点。"), Way.START),
    "account_shut": Refusal(
        phrase("这个账号现在的状态不能这样改"), phrase("刚才可能有人改过它。请看现在的样子，再决定怎么做。"), Way.AGAIN
    ),
    "login_taken": Refusal(phrase("这个用户名有人用了"), phrase("请换一个用户名。"), Way.AGAIN),
    "official_taken": Refusal(phrase("这位领导已经有账号了"), phrase("请在账号列表里找。"), Way.AGAIN),
    "grant_unknown": Refusal(phrase("这个角色已经收回了"), phrase("请看现在的样子。"), Way.AGAIN),
    "too_many_grants": Refusal(phrase("角色太多了"), phrase("一个账号最多 12 个角色，请先收回一个。"), Way.AGAIN),
    "last_operator": Refusal(
        phrase("这是最后一位系统管理员"),
        phrase("没有系统管理员，就谁也加不进来了。请先让别人也当系统管理员。"),
        Way.AGAIN,
    ),
    "oidc_subject_taken": Refusal(
        phrase("这个统一身份已经连着别的账号"), phrase("请核对编号，或者先在那个账号解除。"), Way.AGAIN
    ),
    "erasure_unknown": Refusal(phrase("没有这次删除"), phrase("请核对编号，再查一次。"), Way.START),
    "access_denied": Refusal(phrase("这一页不对外开放"), phrase("请回到首页。"), Way.START),
    "not_found": Refusal(
        phrase("没有这一页"), phrase("地址可能打错了，或者这一页已经搬走。从首页能找到所有能办的事。"), Way.START
    ),
    "method_not_allowed": Refusal(phrase("这一页不能直接打开"), phrase("请从首页重新开始。"), Way.START),
    "unreadable": Refusal(
        phrase("这个地址或者这张表单读不出来"), phrase("里面有认不出来的字符。请从首页重新开始。"), Way.START
    ),
    "form_expired": Refusal(phrase("这一页放得太久了"), phrase("为了安全，请再点一次。您填的内容都还在。"), Way.AGAIN),
    "form_from_elsewhere": Refusal(
        phrase("这次提交不是从我们的网页来的"),
        phrase("为了保护您，没有接受。请从首页重新开始；浏览器要允许本站使用 Cookie。"),
        Way.START,
    ),
    "window_moved_on": Refusal(
        phrase("这个窗口刚刚有人操作过"), phrase("下面是现在的样子。请看一眼，还要做的再点一次。"), Way.AGAIN
    ),
    "window_not_open": Refusal(
        phrase("窗口没有开"), phrase("先点“开窗接待”，再叫号；转号请换一个开着的窗口。"), Way.AGAIN
    ),
    "window_busy": Refusal(phrase("窗口现在有人"), phrase("先办结、挂起或者转走，再做这一步。"), Way.AGAIN),
    "window_idle": Refusal(phrase("窗口现在没有人"), phrase("先叫号。"), Way.AGAIN),
    "document_masked": Refusal(
        phrase("现在不能看证件号"), phrase("只有正在叫、正在办这个人的窗口能看。请看现在的样子。"), Way.AGAIN
    ),
    "document_not_kept": Refusal(phrase("系统里没有这个人的证件号"), phrase("请让来人把证件拿出来看。"), Way.AGAIN),
    "document_away": Refusal(
        phrase("现在查不到证件号"),
        phrase("预约系统没有回答。别的都照常办；过一会儿再看，或者让来人出示证件。"),
        Way.AGAIN,
    ),
    "window_unknown": Refusal(phrase("今天没有这个窗口"), phrase("请从今天的窗口里重新点。"), Way.START),
    "nobody_waits": Refusal(phrase("没有人在等"), phrase("有人取号就会出现在队列里。"), Way.AGAIN),
    "ticket_unknown": Refusal(phrase("没有这张号票"), phrase("请到服务台问一问，或者打电话。"), Way.START),
    "ticket_moved_on": Refusal(phrase("这个号已经往前走了"), phrase("请看现在的样子，再决定怎么做。"), Way.AGAIN),
    "person_elsewhere": Refusal(phrase("这个人正在别的窗口"), phrase("那边办完，再叫到这里来。"), Way.AGAIN),
    "check_in_unknown": Refusal(
        phrase("今天没有这个预约码"), phrase("请核对号码和日子。没有预约，也可以按事项取号。"), Way.AGAIN
    ),
    "code_unreadable": Refusal(
        phrase("认不出这个号码"),
        phrase("预约码是 8 位数字，身份证号是 18 位，请再扫一次或者照着输。别的证件，先选证件种类。"),
        Way.AGAIN,
    ),
    "booking_other_day": Refusal(
        phrase("这个号不是今天的"),
        phrase("到那天再来签到。今天就想办，到服务台按事项取一个现场号。"),
        Way.AGAIN,
    ),
    "booking_other_session": Refusal(
        phrase("这个号是今天另一场的"), phrase("请从“今天的窗口”里打开那一场，再签到。"), Way.AGAIN
    ),
    "document_not_booked": Refusal(
        phrase("这个证件今天没有预约"),
        phrase("替别人来办的，用那个人的预约码。没有预约，按事项取一个现场号。"),
        Way.AGAIN,
    ),
    "bookings_of_firm": Refusal(
        phrase("这个单位今天约了好几批"), phrase("单位的证件分不出是哪一批，请用来人的预约码签到。"), Way.AGAIN
    ),
    "booking_cancelled": Refusal(
        phrase("这个预约已经取消了"), phrase("还想办，到服务台按事项取一个现场号。"), Way.AGAIN
    ),
    "session_not_today": Refusal(phrase("这一场不是今天"), phrase("请从今天的场次里重新点。"), Way.START),
    "day_closed": Refusal(phrase("今天已经日结了"), phrase("还要改，请由大厅值班经理更正，写明原因。"), Way.START),
    "sheet_too_large": Refusal(phrase("这一天的接待太多，一张表放不下"), phrase("请找管理系统的人帮忙。")),
    "sheet_unavailable": Refusal(phrase("表没有做出来"), phrase("请过一会儿再试一次，数字都还在。"), Way.AGAIN),
    "speech_unavailable": Refusal(phrase("叫号的声音没有出来"), phrase("请看屏幕上的号码，或者由工作人员喊一声。")),
    "day_open": Refusal(phrase("今天还没有日结"), phrase("还没签字，直接在窗口改就行。"), Way.START),
    "tickets_open": Refusal(phrase("还有号没有办完"), phrase("每个号都要有结果或者原因，再日结。"), Way.AGAIN),
    "bookings_ahead": Refusal(
        phrase("今天后面还有人约了"), phrase("现在签字，他们就算约了没来。等最后一个时段开始了再签。"), Way.AGAIN
    ),
    "windows_unconfirmed": Refusal(phrase("还有窗口没有确认"), phrase("请每个窗口先确认自己今天的记录。"), Way.AGAIN),
    "numbers_exhausted": Refusal(phrase("这个部门今天的号发完了"), phrase("请找大厅值班经理。"), Way.AGAIN),
    "outcome_missing": Refusal(phrase("还有事项没有结果"), phrase("每件事都选一个结果，再办结。"), Way.AGAIN),
    "nothing_to_undo": Refusal(phrase("上一步撤不回来了"), phrase("时间过了，或者后面已经有了变化。"), Way.AGAIN),
    "official_present": Refusal(phrase("值班领导在，不用选"), phrase("请接着等，马上按顺序叫您。"), Way.AGAIN),
    "substitute_elsewhere": Refusal(
        phrase("这位领导正在别的窗口"), phrase("请换一位替班的；要是已经不在那边，先在那个窗口记下来。"), Way.AGAIN
    ),
    "promise_unknown": Refusal(
        phrase("没有查到这个约定"), phrase("请核对上次的号码和日期。每张号只能用一次。"), Way.AGAIN
    ),
    "promise_kept": Refusal(phrase("这件事已经回过电话了"), phrase("下面是回电的记录。"), Way.AGAIN),
    "too_many_streams": Refusal(phrase("现在看的人太多"), phrase("请过几秒再打开。"), Way.AGAIN),
    "internal_error": Refusal(
        phrase("我们这边出了错"), phrase("不是您的问题，已经记下来了。请过一会儿再试，或者打电话。"), Way.START
    ),
}

STAFF_STEPS: dict[str, str] = {
    "access_denied": phrase("您的账号没有这一页的权限。请回“我的工作”；该有的，请系统管理员加上。"),
    "not_found": phrase("地址可能打错了，或者这一页已经搬走。请从“我的工作”重新进来。"),
    "method_not_allowed": phrase("请从“我的工作”重新进来。"),
    "unreadable": phrase("里面有认不出来的字符。请从“我的工作”重新进来。"),
    "form_from_elsewhere": phrase("没有接受。请从“我的工作”重新进来；浏览器要允许本站使用 Cookie。"),
    "internal_error": phrase("已经记下来了。请再试一次；还不行，报编号给系统管理员。"),
}
"""The next step on the staff's pages, where that of a citizen would lead to the citizens'."""

UNKNOWN = Refusal(phrase("这一步没有办成"), phrase("请过一会儿再试。还不行，请打电话，我们替您约。"), Way.AGAIN)

AWAY: dict[str, Refusal] = {
    "accounts": Refusal(
        phrase("现在不能登录"), phrase("我们正在修。登录着的窗口照常用；过一会儿再试一次，着急就打电话。"), Way.AGAIN
    ),
    "roster": Refusal(
        phrase("现在看不到事项和服务日的安排"),
        phrase("我们正在修。已经约好的不受影响，照常来；现在就可以查预约、取消预约。"),
        Way.LOOKUP,
    ),
    "booking": Refusal(
        phrase("现在约不了号，也查不了预约"),
        phrase("我们正在修。已经约好的不受影响，照常来；要带的材料现在就能查。"),
        Way.START,
    ),
    "queue": Refusal(phrase("叫号系统现在看不到"), phrase("现场照常叫号，请听工作人员的。"), Way.START),
    "notifications": Refusal(phrase("现在看不到消息"), phrase("消息照常排队，恢复以后会补发。"), Way.START),
}

NOT_YET = Refusal(
    phrase("这件事还不能预约"),
    phrase("它刚刚录入，要过一两分钟才能约。要带的材料现在就能看。"),
    Way.MATTER_PAGE,
)
"""The roster knows a matter that booking has not heard of yet."""

EXPORT_AWAY = Refusal(
    phrase("这次没有拿全"),
    phrase("有的系统没有回答，所以一份也没有给。请过一会儿再点一次。"),
    Way.AGAIN,
)
"""A part would be taken for the whole."""

AWAY_WITH_FORM = Refusal(
    phrase("现在约不了号"),
    phrase("我们正在修。您填的内容都还在，过一会儿再点“再试一次”；着急的话请打电话，我们替您约。"),
    Way.AGAIN,
)

AWAY_CASES = Refusal(
    phrase("没能确定办成了没有"),
    phrase("问题督办现在连不上。请过一会儿再点一次，填的内容都还在；点几次也只办一次。"),
    Way.AGAIN,
)

AWAY_WHILE_BOOKING = Refusal(
    phrase("没能确定约上了没有"),
    phrase("请过一会儿再点一次“再试一次”：您填的内容都还在，点几次也只约一个。"),
    Way.AGAIN,
)

DRAFT_GONE = Refusal(
    phrase("填的内容没有留下来"),
    phrase("填好的内容在这台设备上只留一个小时，浏览器还要允许本站使用 Cookie。请重新填一次。"),
    Way.DATES,
)

AWAY_PERSONS = Refusal(
    phrase("名单上的证件现在取不出来"),
    phrase("请过一会儿再试一次，或者回到上一步，把姓名和证件号码写进去。"),
    Way.AGAIN,
)

OURS: dict[str, Refusal] = {
    "away_persons": AWAY_PERSONS,
    **{f"away_{service}": each for service, each in AWAY.items()},
    "away_while_booking": AWAY_WHILE_BOOKING,
    "away_cases": AWAY_CASES,
}
"""What no service says, but is told on a page of its own like what one says."""


def refusal(code: str) -> Refusal:
    """What to say to a code."""
    return REFUSALS.get(code) or OURS.get(code, UNKNOWN)
