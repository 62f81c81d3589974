"""Takes numbers that name a person out of text, before it is shown or kept where it need not be."""

import re
import unicodedata

#: first letter of a number plate: the short name of a province or of a special fleet
_PROVINCES = (
    "\u4eac\u6d25\u6caa\u6e1d\u5180\u8c6b\u4e91\u8fbd\u9ed1\u6e58\u7696\u9c81\u65b0\u82cf\u6d59\u8d63"
    "\u9102\u6842\u7518\u664b\u8499\u9655\u5409\u95fd\u8d35\u7ca4\u9752\u85cf\u5ddd\u5b81\u743c\u4f7f"
)
_PLATE_ENDS = "\u6302\u5b66\u8b66\u6e2f\u6fb3\u9886"  #: trailer, learner, police, Hong Kong, Macau, consulate

_GAP = r"[ \t\u00a0\u3000\-\u2010-\u2015\u2212._\u00b7]{0,2}"
_MASK = "*"


def _spaced(count: str) -> str:
    """Return a pattern for that many further digits, written together or in groups."""
    return rf"(?:{_GAP}[0-9]){count}"


_COUNTRY = rf"(?:\+|00)86{_GAP}"
_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]"
#: starts only where a run of letters starts and never gives one back, so that a long run is read once
_EMAIL = re.compile(rf"(?<!{_LOCAL}){_LOCAL}++@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_OPENID = re.compile(r"(?<![A-Za-z0-9_\-])o[A-Za-z0-9_\-]{27}(?![A-Za-z0-9_\-])")
_PLATE_HAS_DIGIT = r"(?=[A-Za-z \t\u00a0\u3000._\u00b7\-]{1,9}[0-9])"
_PLATE = re.compile(
    rf"[{_PROVINCES}]{_PLATE_HAS_DIGIT}{_GAP}[A-Za-z]{_GAP}"
    rf"(?:[A-Za-z0-9]{_GAP}){{4,5}}[A-Za-z0-9{_PLATE_ENDS}](?![A-Za-z0-9])"
)
_LANDLINE = re.compile(
    rf"(?<![0-9])(?:{_COUNTRY})?[(]?0(?:10|2[0-9]|[3-9][0-9]{{2}})[)]?{_GAP}[2-9]{_spaced('{6,7}')}(?![0-9])"
)
_MOBILE = re.compile(rf"(?<![0-9])(?:{_COUNTRY}|86{_GAP})?1{_GAP}[3-9]{_spaced('{9}')}")
_ID_CARD = re.compile(rf"(?<![0-9])[1-9]{_spaced('{16}')}{_GAP}[0-9Xx](?![0-9A-Za-z])")
#: an old ID number, a bank card, any other run long enough to be one; a ticket number ends in letters
_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{15,}[Xx]?|[0-9]{11,14}(?![0-9A-Za-z]))")
_CARD = re.compile(rf"(?<![0-9])(?:[0-9]{{4}}{_GAP}){{3,4}}[0-9]{{1,7}}(?![0-9])")

_NUMBERS = (_ID_CARD, _LONG_NUMBER, _CARD, _LANDLINE, _MOBILE)
_MASKED = (_EMAIL, _OPENID, _PLATE, *_NUMBERS)

_PHONE_NOISE = re.compile(r"[\s()\-\u2010-\u2015\u2212.\u00b7]")
_PHONE_COUNTRY = re.compile(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$))")
_PHONE = re.compile(r"1[3-9][0-9]{9}|0(?:10|2[0-9])[2-9][0-9]{7}|0[3-9][0-9]{2}[2-9][0-9]{6,7}")


def redact(text: str) -> str:
    """Return ``text`` with phone, ID, card and plate numbers, e-mail addresses and openids masked."""
    readable = "".join(map(_plain, text))
    for pattern in _MASKED:
        readable = pattern.sub(_stars, readable)
    readable = "".join(map(_digit, readable))  # only now: a number word beside a number is none of its digits
    for pattern in _NUMBERS:
        readable = pattern.sub(_stars, readable)
    return "".join(_MASK if seen == _MASK else letter for letter, seen in zip(text, readable, strict=True))


def mask_phone(phone: str) -> str:
    """Return ``phone`` with only its first three and last four characters left, or all hidden."""
    hidden = len(phone) - 7
    return f"{phone[:3]}{_MASK * hidden}{phone[-4:]}" if hidden >= 3 else _MASK * len(phone)


def mask_email(address: str) -> str:
    """Return an e-mail address of which only the first letter and the host are left."""
    person, at, host = address.rpartition("@")
    return f"{person[:1]}{_MASK * 3}{at}{host}" if person else _MASK * len(address)


def without_phone(text: str, phone: str) -> str:
    """Return ``text`` with every writing of ``phone`` masked; other people's numbers stay."""
    if not phone:
        return text
    readable = "".join(map(_digit, map(_plain, text)))
    spans = [found.span() for pattern in (_MOBILE, _LANDLINE) for found in pattern.finditer(readable)]
    for start, end in sorted(spans, reverse=True):
        if valid_phone(readable[start:end]) == phone:
            text = text[:start] + mask_phone(phone) + text[end:]
            readable = readable[:start] + mask_phone(phone) + readable[end:]
    return text


def valid_phone(text: str) -> str | None:
    """Return a mainland mobile or landline number as bare digits, or ``None`` where ``text`` is not one."""
    bare = _PHONE_COUNTRY.sub("", _PHONE_NOISE.sub("", unicodedata.normalize("NFKC", text)))
    return bare if _PHONE.fullmatch(bare) else None


def _plain(letter: str) -> str:
    """Return a full-width or otherwise dressed-up digit, letter or sign in its plain form, one for one."""
    if letter.isascii():
        return letter
    folded = unicodedata.normalize("NFKC", letter)
    stands_for_it = len(folded) == 1 and folded.isascii() and (folded.isalnum() or folded in "@.-_+()")
    return folded if stands_for_it else letter


def _digit(letter: str) -> str:
    """Return a number word of one digit, such as the Chinese for three, as that digit."""
    value = unicodedata.numeric(letter, -1)
    return str(int(value)) if value in range(10) else letter


def _stars(found: re.Match[str]) -> str:
    return _MASK * len(found.group())
