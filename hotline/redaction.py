"""Takes what identifies a person out of text, before it is shown or kept where it need not be."""

import re
import unicodedata

from hotline.identity import NUMBERS, Finder, Kind, digits

MASK = "*"

_PHONE_NOISE = re.compile(r"[\s,\u3001\uff0c()\-\u2010-\u2015\u2212.\u00b7]")
_PHONE_COUNTRY = re.compile(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$))")
_PHONE = re.compile(r"1[3-9][0-9]{9}|0(?:10|2[0-9])[2-9][0-9]{7}|0[3-9][0-9]{2}[2-9][0-9]{6,7}")


def redact(text: str, finder: Finder = NUMBERS) -> str:
    """Return ``text`` with all that ``finder`` finds masked, letter for letter.

    Without a finder: phone, ID, card and plate numbers, e-mail addresses and openids.
    """
    for found in finder.find(text):
        text = f"{text[: found.start]}{MASK * (found.end - found.start)}{text[found.end :]}"
    return text


def masked(kind: Kind, value: str) -> str:
    """Return ``value`` as it is shown to those who need not know it: so much that two can be told apart."""
    if kind is Kind.PHONE:
        return mask_phone(value)
    if kind is Kind.EMAIL:
        return mask_email(value)
    if kind is Kind.NAME:
        return mask_name(value)
    return MASK * len(value)


def mask_name(name: str) -> str:
    """Return the first character of a name and a star for each other."""
    return name[:1] + MASK * (len(name) - 1)


def mask_phone(phone: str) -> str:
    """Return ``phone`` with only its first three and last four characters left, or all hidden."""
    hidden = len(phone) - 7
    return f"{phone[:3]}{MASK * hidden}{phone[-4:]}" if hidden >= 3 else MASK * len(phone)


def mask_email(address: str) -> str:
    """Return an e-mail address of which only the first letter and the host are left."""
    person, at, host = address.rpartition("@")
    return f"{person[:1]}{MASK * 3}{at}{host}" if person else MASK * len(address)


def without_phone(text: str, phone: str) -> str:
    """Return ``text`` with every writing of ``phone`` masked; other people's numbers stay."""
    for found in NUMBERS.find(text) if phone else ():
        written = text[found.start : found.end]
        if found.kind is Kind.PHONE and valid_phone(digits(written)) == phone:
            text = f"{text[: found.start]}{MASK * len(written)}{text[found.end :]}"
    return text


def valid_phone(text: str) -> str | None:
    """Return a mainland mobile or landline number as bare digits, or ``None`` where ``text`` is not one."""
    bare = _PHONE_COUNTRY.sub("", _PHONE_NOISE.sub("", unicodedata.normalize("NFKC", text)))
    return bare if _PHONE.fullmatch(bare) else None
