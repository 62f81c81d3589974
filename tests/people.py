"""People who do not exist, as many as are asked for: names, numbers, addresses, each written as people write them."""

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass

SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛万顾赖武康贺严尹钱施牛洪龚"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英玉兰秀珍建华志丹红梅鑫浩宇轩梓涵欣怡佳琪晨曦瑞博文俊熙诗雨彤嘉铭思远泽楠昊然雪莹慧琳彬峰鹏飞旭阳振国庆福贵兴旺春燕秋菊冬冰凯乐诚信义仁礼智"
STREETS = (
    "建设路",
    "中兴路",
    "新华街",
    "解放大道",
    "人民路",
    "和平巷",
    "光明路",
    "胜利街",
    "矿工路",
    "湛河北路",
)
ESTATES = ("幸福小区", "祥和家园", "锦绣花园", "东风新村", "绿城苑", "煤矿家属院", "阳光公寓")
PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
HOSTS = ("163.com", "qq.com", "126.com", "sina.cn", "example.org")
SPOKEN = str.maketrans("0123456789", "零一二三四五六七八九")
BY_EAR = str.maketrans("0123456789", "零幺二三四五六七八九")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
REGIONS = ("410402", "411302", "610102", "410202", "130602", "321302")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITIES = 7  #: of one person


@dataclass(frozen=True)
class Person:
    """Somebody made up, with everything that would tell who they are, as they write it."""

    name: str
    phone: str
    id_number: str
    plate: str
    address: str
    openid: str
    email: str

    @property
    def written(self) -> tuple[str, ...]:
        """Everything, as written."""
        return (
            self.name, self.phone, self.id_number, self.plate, self.address, self.openid, self.email,
        )  # fmt: skip


def people(count: int, seed: int) -> Iterator[Person]:
    """Yield ``count`` different people; the same for the same seed."""
    draw, seen = random.Random(seed), set[str]()
    while len(seen) < count:
        person = _person(draw)
        if person.name not in seen:
            seen.add(person.name)
            yield person


def _person(draw: random.Random) -> Person:
    given = "".join(draw.sample(GIVEN, 2))
    return Person(
        name=draw.choice(SURNAMES) + given,
        phone=_phone(draw),
        id_number=_id_number(draw),
        plate=f"{draw.choice(PROVINCES)}{draw.choice('ABCDEFG')}{draw.choice(['', '·', ' '])}"
        + "".join(draw.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=1) + draw.choices(string.digits, k=4)),
        address=_address(draw),
        openid="o" + "".join(draw.choices(string.ascii_letters + string.digits + "_-", k=27)),
        email="".join(draw.choices(string.ascii_lowercase, k=6))
        + f"{draw.randrange(1000)}@{draw.choice(HOSTS)}",
    )


def _phone(draw: random.Random) -> str:
    digits = f"1{draw.choice('3456789')}" + "".join(draw.choices(string.digits, k=9))
    ways = (
        digits,
        f"{digits[:3]} {digits[3:7]} {digits[7:]}",
        f"{digits[:3]}-{digits[3:7]}-{digits[7:]}",
        f"+86 {digits}",
        digits.translate(WIDE),
        digits.translate(SPOKEN),
        digits.translate(BY_EAR),
        f"{digits[:3]}，{digits[3:7]}，{digits[7:]}".translate(SPOKEN),
        f"0{draw.choice(['375', '378', '527', '312'])}-{draw.randrange(2_000_000, 9_000_000)}",
        f"029{draw.randrange(20_000_000, 90_000_000)}",
    )
    return draw.choice(ways)


def _id_number(draw: random.Random) -> str:
    born = f"{draw.randrange(1940, 2010)}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}"
    body = draw.choice(REGIONS) + born + f"{draw.randrange(1000):03}"
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]
    return draw.choice(
        (body + check, (body + check).translate(WIDE), f"{body[:6]} {body[6:14]} {body[14:]}{check}")
    )


def _address(draw: random.Random) -> str:
    home = f"{draw.randrange(1, 40)}号楼{draw.randrange(1, 6)}单元{draw.randrange(101, 3300)}"
    return f"{draw.choice(STREETS)}{draw.randrange(1, 400)}号{draw.choice(ESTATES)}{home}室"
