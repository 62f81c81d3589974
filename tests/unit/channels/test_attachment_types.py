"""What a file is, its content says; its name may only agree. Pictures come out as pixels and nothing else."""

import io
import zipfile
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from channels import images
from channels.attachments import (
    AMR,
    DOCX,
    ENDINGS,
    GIF,
    JPEG,
    LARGEST,
    LONGEST_NAME,
    MP3,
    MP4,
    PDF,
    PNG,
    TEXT,
    WEBP,
    XLSX,
    ZIP,
    Sniffer,
    kept_name,
    says_otherwise,
)
from channels.base import RefusedFileError
from channels.documents import document_type
from channels.images import remade
from tests.samples import an_image, an_office_file

MP3_FRAME = b"\xff\xfb\x90\x00" + b"\x00" * 413
TYPES = {
    "photo": (an_image("JPEG"), JPEG),
    "screen": (an_image("PNG"), PNG),
    "sticker": (an_image("GIF"), GIF),
    "web picture": (an_image("WEBP"), WEBP),
    "paper": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", PDF),
    "archive": (an_office_file("word/document.xml"), ZIP),
    "song with a tag": (b"ID3\x04\x00\x00\x00\x00\x00\x00" + MP3_FRAME, MP3),
    "song": (MP3_FRAME, MP3),
    "voice": (b"#!AMR\n\x3c\x91\x17", AMR),
    "wide voice": (b"#!AMR-WB\n\x04", AMR),
    "film": (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isom", MP4),
    "text": ("路灯坏了\r\n三天\t没人修".encode(), TEXT),
    "text of an older machine": ("路灯坏了".encode("gb18030"), TEXT),
}
REFUSED = {
    "program": b"MZ\x90\x00\x03\x00\x00\x00\x04",
    "program of another system": b"\x7fELF\x02\x01\x01\x00",
    "QuickTime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00",
    "HEIF": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
    "3GPP": b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x00\x00",
    "sound of layer II": b"\xff\xfd\x90\x00",
    "bytes": bytes(range(256)),
    "old office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "sound without compression": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "half a character": "路灯".encode()[:4] + b"\xff\xff",
}


def sniffed(data: bytes, step: int = 7) -> str:
    sniffer = Sniffer()
    for at in range(0, len(data), step):
        sniffer.see(data[at : at + step])
    return sniffer.type()


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize("name", TYPES)
def test_content_tells_the_type_whatever_its_pieces(name: str, step: int) -> None:
    data, kind = TYPES[name]
    assert sniffed(data, step) == kind


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused(name: str) -> None:
    with pytest.raises(RefusedFileError) as refused:
        sniffed(REFUSED[name])
    assert refused.value.why == "type"


def test_an_empty_file_and_one_that_is_too_large_are_told_apart() -> None:
    with pytest.raises(RefusedFileError) as refused:
        Sniffer().type()
    assert refused.value.why == "empty"
    sniffer = Sniffer()
    sniffer.see(b"a" * LARGEST)
    assert sniffer.type() == TEXT
    with pytest.raises(RefusedFileError) as refused:
        sniffer.see(b"a")
    assert (refused.value.why, refused.value.size) == ("size", LARGEST + 1)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_in_any_pieces_are_judged_alike(data: bytes, step: int) -> None:
    def judged(step: int) -> str:
        try:
            return sniffed(data, step)
        except RefusedFileError as error:
            return error.why

    assert judged(step) == judged(1_000)


@pytest.mark.parametrize(
    ("name", "kind", "kept"),
    [
        ("照片.JPG", JPEG, "照片.JPG"),
        ("照片.jpeg", JPEG, "照片.jpeg"),
        ("照片", JPEG, "照片.jpg"),
        ("", PNG, "file.png"),
        ("...", PNG, "file.png"),
        ("C:\\照片\\路灯.png", PNG, "路灯.png"),
        ("../../etc/路灯.png", PNG, "路灯.png"),
        ("记录 2026.11.20", TEXT, "记录 2026.11.20.txt"),
        ("路\u202egnp.exe.灯.png", PNG, "路gnp.exe.灯.png"),
        ("a\x00b\n.pdf", PDF, "ab.pdf"),
    ],
)
def test_a_name_is_kept_without_what_could_mislead(name: str, kind: str, kept: str) -> None:
    assert kept_name(name, kind) == kept


@pytest.mark.parametrize(
    ("name", "kind"), [("程序.exe", JPEG), ("照片.png", JPEG), ("照片.PNG", TEXT), ("脚本.sh", TEXT), ("页.html", TEXT),
                       ("表.docx", XLSX), ("包.zip", DOCX), ("包.7z", TEXT)]
)  # fmt: skip
def test_an_ending_that_contradicts_the_content_is_refused(name: str, kind: str) -> None:
    with pytest.raises(RefusedFileError) as refused:
        kept_name(name, kind)
    assert refused.value.why == "mismatch"


@given(st.text(max_size=300), st.sampled_from(sorted(ENDINGS)))
def test_any_name_is_kept_short_safe_and_ending_as_its_type(name: str, kind: str) -> None:
    try:
        kept = kept_name(name, kind)
    except RefusedFileError:
        return
    assert 0 < len(kept) <= LONGEST_NAME and not set(kept) & set("/\\\x00\n\r")
    assert kept.rpartition(".")[2].lower() in ENDINGS[kind]
    assert kept_name(kept, kind) == kept


def test_a_program_under_the_name_of_a_picture_contradicts_itself() -> None:
    assert says_otherwise("照片.png") and not says_otherwise("程序.exe") and not says_otherwise("照片")


def pixels(data: bytes) -> tuple[tuple[int, int], bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size, image.convert("RGBA").tobytes()


@pytest.mark.parametrize(("name", "kind"), [("JPEG", JPEG), ("PNG", PNG), ("WEBP", WEBP)])
def test_where_and_when_a_picture_was_taken_is_gone_and_the_same_picture_stays_the_same(
    name: str, kind: str
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "camera of somebody"
    exif.get_ifd(0x8825)[2] = (33.0, 45.0, 12.0)
    exif[0x0112] = 6  # to be turned by a quarter
    data = an_image(name, exif=exif, comment="somebody's comment", size=(40, 20))
    assert b"camera of somebody" in data
    made = remade(data, kind)
    assert made == remade(data, kind)
    for secret in (b"camera of somebody", b"Exif", b"comment", b"ICC", b"XMP"):
        assert secret not in made
    with Image.open(io.BytesIO(made)) as image:
        assert not image.getexif() and image.size == (20, 40)


def test_words_hidden_in_a_png_are_gone() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "somebody")
    words.add_text("XML:com.adobe.xmp", "<x>somebody</x>")
    data = an_image("PNG", pnginfo=words)
    assert b"somebody" in data and b"somebody" not in remade(data, PNG)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow says so, and goes on
def test_broken_notes_about_a_picture_do_not_cost_the_picture() -> None:
    data = an_image("JPEG")
    broken = data[:2] + b"\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff" + data[2:]
    assert pixels(remade(broken, JPEG))[0] == (40, 20)


def test_transparency_and_grey_stay() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert pixels(remade(saved(clear, "PNG"), PNG))[1][3] == 0
    palette = Image.new("P", (4, 4), 0)
    assert pixels(remade(saved(palette, "PNG", transparency=0), PNG))[1][3] == 0
    with Image.open(io.BytesIO(remade(saved(Image.new("L", (4, 4), 7), "JPEG"), JPEG))) as image:
        assert image.mode == "L"
    with Image.open(io.BytesIO(remade(saved(Image.new("CMYK", (4, 4)), "JPEG"), JPEG))) as image:
        assert image.mode == "RGB"


def saved(image: Image.Image, name: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **more)
    return out.getvalue()


@pytest.mark.parametrize(("name", "kind"), [("GIF", GIF), ("WEBP", WEBP)])
def test_a_moving_picture_still_moves_and_is_bounded(
    name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [Image.new("RGB", (30, 20), (n * 40, 0, 0)) for n in range(5)]
    data = saved(frames[0], name, save_all=True, append_images=frames[1:], duration=80, comment=b"somebody")
    made = remade(data, kind)
    with Image.open(io.BytesIO(made)) as image:
        assert image.n_frames == 5 and image.size == (30, 20)  # type: ignore[attr-defined]  # of moving ones
    assert made == remade(data, kind) and b"somebody" not in made
    monkeypatch.setattr(images, "MOST_FRAMES", 4)
    with pytest.raises(RefusedFileError) as refused:
        remade(data, kind)
    assert refused.value.why == "pixels"


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    size = (60_000).to_bytes(4, "big")
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + size + b"\x08\x02\x00\x00\x00") + chunk(b"IDAT", b"")
    with pytest.raises(RefusedFileError) as refused:
        remade(bomb, PNG)
    assert refused.value.why == "pixels"


def test_a_large_photo_is_decoded_at_half_its_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_PIXELS", 40 * 20)
    monkeypatch.setattr(images, "MOST_JPEG_PIXELS", 80 * 40)
    assert pixels(remade(an_image("JPEG", size=(80, 40)), JPEG))[0] == (40, 20)
    with pytest.raises(RefusedFileError):
        remade(an_image("JPEG", size=(84, 40)), JPEG)


@settings(print_blob=True, max_examples=120, deadline=None)
@given(st.sampled_from([("JPEG", JPEG), ("PNG", PNG), ("GIF", GIF), ("WEBP", WEBP)]), st.data())
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_damaged_picture_is_refused_or_still_a_picture(which: tuple[str, str], data: st.DataObject) -> None:
    whole = bytearray(an_image(which[0]))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = remade(bytes(whole[: data.draw(st.integers(1, len(whole)))]), which[1])
    except RefusedFileError as error:
        refused = error.why
    else:
        refused = ""
        pixels(made)
    assert refused in ("", "damaged", "pixels")


def entries(*pairs: tuple[str, bytes], level: int = 9) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, body in pairs:
            archive.writestr(name, body)
    return out.getvalue()


def test_office_documents_are_told_by_what_they_hold() -> None:
    assert document_type(an_office_file("word/document.xml")) == DOCX
    assert document_type(an_office_file("xl/workbook.xml")) == XLSX


TYPES_XML = ("[Content_Types].xml", b"<Types/>")
WORD = ("word/document.xml", b"<w/>")


def bombs() -> Iterator[tuple[str, bytes, str]]:
    yield "another archive", entries(("a.txt", b"a")), "type"
    yield "no table of types", entries(WORD), "type"
    yield "macros", entries(TYPES_XML, WORD, ("word/vbaProject.bin", b"x")), "type"
    yield "both at once", entries(TYPES_XML, WORD, ("xl/workbook.xml", b"x")), "type"
    yield (
        "a bomb",
        entries(TYPES_XML, WORD, ("word/media/a", b"\x00" * 101 * 1024 * 1024), level=1),
        "damaged",
    )
    yield "thousands of entries", entries(TYPES_XML, WORD, *((f"a{n}", b"") for n in range(2_001))), "damaged"
    whole = an_office_file("word/document.xml")
    yield "cut off", whole[: len(whole) // 2], "damaged"
    yield "a wrong checksum", whole.replace(zlib.crc32(b"<w/>").to_bytes(4, "little"), b"\x00" * 4), "damaged"


@pytest.mark.parametrize(("data", "why"), [pytest.param(d, w, id=n) for n, d, w in bombs()])
def test_other_archives_and_bombs_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(RefusedFileError) as refused:
        document_type(data)
    assert refused.value.why == why
