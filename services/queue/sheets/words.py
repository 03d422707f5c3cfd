"""The sheet's words in both languages. One thing has the word that the pages have for it."""

from services.queue.domain.sheet import Named

TITLE = Named("接待情况表", "Record of the day")
DRAFT = Named("草稿，未签字", "Draft, not signed")
SIGNED = Named("第 {version} 版：{by} 签字", "Version {version}: signed by {by}")
SIGNED_BECAUSE = Named(
    "第 {version} 版：{by} 签字，更正原因：{reason}", "Version {version}: signed by {by}, corrected because: {reason}"
)
PAGE = Named("第 {page} 页，共 {pages} 页", "Page {page} of {pages}")
MADE = Named("制表", "Made")
TOTALS = Named("全天合计", "The whole day")
WINDOWS = Named("各窗口", "By window")
VISITS = Named("逐次接待", "Visits")
FINDINGS = Named("发现和决定", "Findings and decisions")
KIND = Named("类别", "Kind")
NOTED_AT = Named("时间", "Time")
SETTLED = Named("怎么办了", "Settled")
FINDING_KINDS = {"finding": Named("发现问题", "Finding"), "decision": Named("现场决定", "Decision")}
NO_VISITS = Named("这一天还没有人来。", "Nobody has come so far.")
WHOLE_DAY = Named("合计", "Total")

NUMBER = Named("号码", "Ticket")
WINDOW = Named("窗口", "Window")
SOURCE = Named("来源", "Came by")
BOOKED_FOR = Named("预约", "Booked")
ARRIVED = Named("到达", "Arrived")
CALLED = Named("叫号", "Called")
FINISHED = Named("办结", "Finished")
SURNAME = Named("姓", "Surname")
PERSONS = Named("人次", "Persons")
MATTERS = Named("事项", "Matters")
RESULT = Named("结果", "Result")
RECEIVED_BY = Named("接待人", "Received by")
PROBLEMS = Named("问题", "Problems")
SOLVED = Named("当场解决", "Solved on the spot")
SETTLEMENTS = {"on_the_spot": SOLVED, "handed_on": Named("转为问题", "Handed on")}
SUGGESTIONS = Named("建议", "Suggestions")
DEPARTMENT = Named("部门", "Department")
VISIT_COUNT = Named("批次", "Visits")
ATTENDANCE = Named("局长", "Director")
CONFIRMED_BY = Named("确认人", "Confirmed by")
CONFIRMED_AT = Named("确认时间", "Confirmed at")

SOURCES = {
    "booking": Named("预约", "Booked"),
    "walk_in": Named("现场取号", "Walk-in"),
    "paper": Named("补录", "On paper"),
}
DELEGATION = Named("考察检查，不计数", "Delegation, not counted")
OUTCOMES = {
    "handled": Named("办件", "Handled"),
    "guided": Named("指导", "Guided"),
    "incomplete": Named("一次性告知", "Incomplete, told once"),
    "declined": Named("不予办理", "Declined"),
}
RECEIVERS = {
    "principal": Named("局长本人", "The director in person"),
    "substitute": Named("副职或替班的领导", "A deputy or substitute"),
    "staff": Named("工作人员", "Staff"),
}
CLOSINGS = {
    "unanswered": Named("叫了没人", "Called without answer"),
    "left": Named("走了", "Left"),
    "unserved": Named("没办成", "Not served"),
    "next_session": Named("下次优先", "First next time"),
    "written_issue": Named("写下来，请局长回电", "Written down, to be called"),
}
STATES = {
    "waiting": Named("在等", "Waiting"),
    "called": Named("叫了号，还没到窗口", "Called, not at the window yet"),
    "serving": Named("正在办", "Being received"),
    "held": Named("挂起", "On hold"),
}
PRINCIPALS = {
    "present": Named("到岗", "Came"),
    "substituted": Named("替班", "Substitute"),
    "absent": Named("没到", "Did not come"),
}
"""Where the principal was on duty, as the totals count them."""
DEPUTIES = {
    "present": Named("副职到岗", "Deputy came"),
    "substituted": Named("副职没到，有人替班", "Substitute of the deputy"),
    "absent": Named("副职没到", "Deputy did not come"),
}
"""Where a deputy was on duty: counted with no principal."""
SUBSTITUTED_TOO = Named("，中间有人替班", ", substitute in between")
TOTAL_NAMES = {
    "visits": VISIT_COUNT,
    "persons": PERSONS,
    "booked": Named("预约批次", "Booked"),
    "walk_ins": Named("现场取号批次", "Walk-ins"),
    "on_paper": Named("补录批次", "On paper"),
    "handled": OUTCOMES["handled"],
    "guided": OUTCOMES["guided"],
    "incomplete": OUTCOMES["incomplete"],
    "declined": OUTCOMES["declined"],
    "problems": PROBLEMS,
    "solved": SOLVED,
    "suggestions": SUGGESTIONS,
    "by_principal": Named("局长本人接待批次", "By the director in person"),
    "by_substitute": Named("副职或替班的领导接待批次", "By a deputy or substitute"),
    "by_staff": Named("工作人员接待批次", "By staff"),
    "findings": Named("没有群众时发现的问题", "Findings without a visitor"),
    "decisions": Named("现场决定", "Decisions"),
    "unserved": Named("没有结果的号", "Tickets without a result"),
    "no_shows": Named("约了没来", "Booked, nobody came"),
    "principals_present": Named("局长到岗", "Directors who came"),
    "principals_substituted": Named("局长没到，有人替班", "Directors substituted"),
    "principals_absent": Named("局长没到，无人替班", "Directors absent"),
}
"""In this order; the fields of `Totals`."""
