"""Pushes in the shapes that the platform documents; none was written from our parser.

Looked up on 2026-11-25, in stored copies:
- events: developers.weixin.qq.com/doc/service/Account_Management/Wechat_Accreditation_Event_Push.html
- text, image, voice (with and without Recognition), video, shortvideo: the page "Receiving standard messages"
  (developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html), as reprinted in
  developer.aliyun.com/article/1366442 and blog.csdn.net/enlyhua/article/details/50459229
- location: the same page, as reprinted in rubydoc.info/gems/weixin_rails_middleware (models/message.rb)
- link: the same page names title, description and address (fields Title, Description, Url)
- TEMPLATESENDJOBFINISH: the page on template messages, as reprinted in
  blog.csdn.net/chaihuasong/article/details/116903463
- a nested event: developers.weixin.qq.com/community/minihome/doc/00000c2a54c2a83059ecb9ba056c00 (PUBLISHJOBFINISH)

``CreateTime`` is in seconds, ten digits, in all of them (the event page shortens it in its examples).
"""

ACCOUNT = "gh_7f083739789a"
OPENID = "oia2TjuEGTNoeX76QEjQNrcURxG8"
AT = 1348831860
MSG_ID = "1234567890123456"


def cdata(text: str) -> str:
    """Return ``text`` as the platform writes strings."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def push(kind: str, *, openid: str = OPENID, at: int = AT, msg_id: str = MSG_ID, **fields: str) -> str:
    """Return a message of any kind; fields in capitals as the platform spells them, numbers bare."""
    inner = "\n".join(
        f"<{name}>{value if name in ('Location_X', 'Location_Y', 'Scale') else cdata(value)}</{name}>"
        for name, value in fields.items()
    )
    return (
        f"<xml>\n<ToUserName>{cdata(ACCOUNT)}</ToUserName>\n<FromUserName>{cdata(openid)}</FromUserName>\n"
        f"<CreateTime>{at}</CreateTime>\n<MsgType>{cdata(kind)}</MsgType>\n{inner}\n<MsgId>{msg_id}</MsgId>\n</xml>"
    )


def text(content: str, **more: str | int) -> str:
    """Return a text message."""
    return push("text", Content=content, **more)  # type: ignore[arg-type]  # openid, at, msg_id


def image(media_id: str, **more: str | int) -> str:
    """Return a picture."""
    return push("image", PicUrl="http://mmbiz.example/pic/0", MediaId=media_id, **more)  # type: ignore[arg-type]


def voice(media_id: str, recognition: str | None = None, **more: str | int) -> str:
    """Return a recording, with its words where recognition is switched on."""
    told = {} if recognition is None else {"Recognition": recognition}
    return push("voice", MediaId=media_id, Format="amr", **told, **more)  # type: ignore[arg-type]


def video(media_id: str, kind: str = "video", **more: str | int) -> str:
    """Return a film; ``shortvideo`` is the other kind."""
    return push(kind, MediaId=media_id, ThumbMediaId="thumb_media_id", **more)  # type: ignore[arg-type]


def location(
    lat: str = "23.134521", lon: str = "113.358803", label: str = "位置信息", **more: str | int
) -> str:
    """Return a place."""
    place = {"Location_X": lat, "Location_Y": lon, "Scale": "20", "Label": label}
    return push("location", **place, **more)  # type: ignore[arg-type]


def link(title: str, description: str, url: str, **more: str | int) -> str:
    """Return a link from somebody's favourites."""
    return push("link", Title=title, Description=description, Url=url, **more)  # type: ignore[arg-type]


def event(name: str, key: str | None = None, *, openid: str = OPENID, at: int = AT, inner: str = "") -> str:
    """Return an event; it has no MsgId."""
    told = "" if key is None else f"<EventKey>{cdata(key)}</EventKey>\n"
    return (
        f"<xml>\n<ToUserName>{cdata(ACCOUNT)}</ToUserName>\n<FromUserName>{cdata(openid)}</FromUserName>\n"
        f"<CreateTime>{at}</CreateTime>\n<MsgType>{cdata('event')}</MsgType>\n<Event>{cdata(name)}</Event>\n"
        f"{told}{inner}</xml>"
    )


SUBSCRIBE = event("subscribe")
SUBSCRIBE_BY_CODE = event("subscribe", "qrscene_123123", inner=f"<Ticket>{cdata('TICKET')}</Ticket>\n")
UNSUBSCRIBE = event("unsubscribe")
SCAN = event("SCAN", "123123", inner=f"<Ticket>{cdata('TICKET')}</Ticket>\n")
PLACE_REPORT = event(
    "LOCATION",
    inner="<Latitude>23.137466</Latitude>\n<Longitude>113.352425</Longitude>\n<Precision>119.385040</Precision>\n",
)
VIEW = event("VIEW", "www.example.com")
TEMPLATE_SENT = event(
    "TEMPLATESENDJOBFINISH", inner=f"<MsgID>200163836</MsgID>\n<Status>{cdata('success')}</Status>\n"
)
PUBLISHED = event(
    "PUBLISHJOBFINISH",
    inner="<PublishEventInfo><publish_id>1234567890</publish_id><article_detail><count>1</count><item><idx>1</idx>"
    f"<article_url>{cdata('ArticleURL')}</article_url></item></article_detail></PublishEventInfo>\n",
)
