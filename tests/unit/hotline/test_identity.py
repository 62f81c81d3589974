"""What people say of themselves is found; what they say of others, of places and of their own jobs is left alone."""

import unicodedata

import pytest

from cities.loading import load_pack
from hotline.identity import Finder, Kind, digits, written_out
from hotline.redaction import masked, redact
from hotline.ticket import Contact
from hotline.withholding import withheld

FINDER = load_pack("_example").finder


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, text[one.start : one.end]) for one in FINDER.find(text)]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("我叫王小明，路灯坏了", [("name", "王小明")]),
        ("本人李四，身份证410402199001011234", [("name", "李四"), ("id_number", "410402199001011234")]),
        ("此致\n敬礼\n赵六\n2026年1月", [("name", "赵六")]),
        ("我姓欧阳", [("name", "欧阳")]),
        ("市民张三反映路灯不亮", [("name", "张三")]),
        ("联系人：刘洋 0375-4912345", [("name", "刘洋"), ("phone", "0375-4912345")]),
        ("电话一三八，零零一三，八零零零", [("phone", "一三八，零零一三，八零零零")]),
        ("电话幺三八零零幺三八零零零", [("phone", "幺三八零零幺三八零零零")]),
        ("我家住在建设路3号楼2单元501漏水了", [("address", "建设路3号楼2单元501")]),
        ("我家住3号楼着火了", [("address", "3号楼")]),
        ("，住在幸福小区3号楼", [("address", "幸福小区3号楼")]),
        ("车牌豫D·12345，邮箱a.b@example.org", [("plate", "豫D·12345"), ("email", "a.b@example.org")]),
    ],
)  # fmt: skip
def test_what_people_say_of_themselves_is_found(text: str, who: list[tuple[str, str]]) -> None:
    assert found(text) == who


NAMED = "我叫 我是 我的名字叫 本人 本人叫 姓名 名字是 真名 实名： 联系人 举报人： 投诉人 反映人 申请人 申诉人 来信人 报料人 求助人 当事人 署名 落款："
AT_HOME = (
    "我家住 我住在 我们现住在 我租住在 家住 现住 暂住 租住在 住址 家庭住址是 现住址： 居住址 我的住址 家庭地址 户籍地址 通讯地址 联系地址 我家在 "
    "我们家就在 户籍地 户籍所在地为 户籍："
)


@pytest.mark.parametrize(
    ("said", "who"),
    [
        *((said, "张小明") for said in NAMED.split()),
        *((said, "建设路3号楼2单元501") for said in AT_HOME.split()),
    ],
)
def test_however_it_is_said_it_is_found(said: str, who: str) -> None:
    kind = "name" if said in NAMED.split() else "address"
    assert found(f"路灯坏了。{said}{who}，谢谢") == [(kind, who)]


@pytest.mark.parametrize(
    "text",
    [
        "我家在漏水", "我是高中老师", "我是小区业主", "我是家长", "我是马路对面的商户", "我住院了没人管", "我叫物业来修",
        "我是方便面厂员工", "我是常年在外的", "我是于2020年买的房", "建设路与中兴路交叉口路灯坏了", "城管局张科长不作为",
        "查一下20261126JX89R8GGZ", "我家楼下着火了", "一二三四五六", "每天早上六点到九点", "3号楼2单元电梯坏了",
    ],
)  # fmt: skip
def test_what_names_nobody_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_ticket_s_number_is_nobody_s_even_when_it_is_all_digits() -> None:
    assert redact("工单20261126123456789的进度", FINDER) == "工单20261126123456789的进度"


def test_a_person_who_is_kept_back_is_in_no_text_while_others_stay() -> None:
    text = "我叫王小明，电话13800138000，举报城管局张科长收钱，王小明亲眼看见"
    told = withheld(text, Contact(name="王小明", confidential=True), FINDER)
    assert "王小明" not in told and "13800138000" not in told and "城管局张科长收钱" in told
    open_to_all = withheld(text, Contact(name="王小明", phone="13800138000"), FINDER)
    assert open_to_all == text.replace("13800138000", "*" * 11)
    assert "13800138000" not in withheld(text, Contact(anonymous=True), FINDER)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Kind.PHONE, "13800138000", "138****8000"), (Kind.NAME, "王小明", "王**"), (Kind.EMAIL, "abc@x.cn", "a***@x.cn"),
        (Kind.ID_NUMBER, "410402199001011234", "*" * 18),
    ],
)  # fmt: skip
def test_a_masked_value_tells_two_apart_and_no_more(kind: Kind, value: str, shown: str) -> None:
    assert masked(kind, value) == shown


def test_patterns_are_filled_from_their_sets_in_order() -> None:
    data = {"sets": {"a": "[xy]"}, "name": ["我叫(?P<who>{a})"]}
    (one,) = Finder(written_out(data)).find("我叫x")
    assert (one.kind, one.start, one.end) == (Kind.NAME, 2, 3)


def test_every_sign_for_one_digit_is_read_as_it_alone_or_among_others() -> None:
    values = {sign: unicodedata.numeric(sign, -1) for sign in map(chr, range(0x10000))}
    wanted = {sign: str(int(value)) if value in range(10) else sign for sign, value in values.items()}
    assert [sign for sign, digit in wanted.items() if digits(sign) != digit] == []
    every = "".join(values)
    assert digits(every) == "".join(wanted.values())
