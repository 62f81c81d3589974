"""Bodies that no honest platform pushes; each is refused with a 4xx, rightly signed or not."""

from tests.wechat import pushes

BOMB = '<!DOCTYPE x [<!ENTITY a "{}">{}]>'.format(
    "ha" * 100, "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(9))
)
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n",
    "JSON": b'{"MsgType": "text"}',
    "a bomb of entities": BOMB.encode() + pushes.text("&a8;").encode(),
    "a file by entity": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><xml><Content>&f;</Content></xml>',
    "deep": b"<xml>" + b"<a>" * 15_000 + b"</a>" * 15_000 + b"</xml>",
    "broken UTF-8": pushes.text("路灯").encode().replace("灯".encode(), b"\xe7\x81"),
    "GBK": pushes.text("路灯坏了").encode("gbk"),
    "NUL": pushes.text("路灯\x00坏了").encode(),
    "a lone surrogate": pushes.text("路灯").encode().replace("灯".encode(), b"\xed\xa0\x80"),
    "a surrogate by number": pushes.text("路灯").replace("<![CDATA[路灯]]>", "&#xD800;").encode(),
    "a million letters": pushes.text("路" * 1_000_000).encode(),
    "a cut-off body": pushes.text("路灯坏了").encode()[:-20],
    "many fields": b"<xml>" + b"".join(b"<f%d>x</f%d>" % (n, n) for n in range(2_000)) + b"</xml>",
    "a long text": pushes.text("路" * 10_001).encode(),
}
