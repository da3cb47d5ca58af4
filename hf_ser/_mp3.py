"""MP3 files that do not say how long they are.

An MP3 is a chain of frames, and only an optional first frame (marked "Xing" or "Info") tells how many follow. Without
it libsndfile estimates the length from the first frame's bit rate and stops there, so a recording of varying bit rate
loses its end without a word. Here the frames are counted, and a first frame that tells their number is put in front.
"""

__all__ = ["with_length"]

_KBIT = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HZ = (44_100, 48_000, 32_000)
_ROOM = 9  # a bit rate that leaves room for the side information and the count


def with_length(content: bytes) -> bytes:
    """An MP3 file that tells its number of frames; unchanged if it tells already, or is no plain layer III stream."""
    start = _after_id3(content)
    start += len(content[start:]) - len(content[start:].lstrip(b"\0"))  # padding that the tag does not count
    if not _two_frames(content, start):  # searching further would find false frames in other formats
        return content
    header = content[start : start + 4]
    marked = content[start : start + 200]
    if b"Xing" in marked or b"Info" in marked:
        return content
    count, position = 0, start
    while position < len(content):
        length = _frame_bytes(content, position)
        if not length:  # a tag between or after the frames: go on where two frames follow one another again
            position = content.find(b"\xff", position + 1)
            while position > 0 and not _two_frames(content, position):
                position = content.find(b"\xff", position + 1)
            if position < 0:
                break
            continue
        if position + length <= len(content):
            count += 1
        position += length
    return _counting_frame(header, count) + content[start:] if count else content


def _after_id3(content: bytes) -> int:
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    size = 0
    for byte in content[6:10]:
        size = size << 7 | byte & 0x7F
    return size + (20 if content[5] & 0x10 else 10)


def _frame_bytes(content: bytes, position: int) -> int:
    """Length of the layer III frame that starts here, 0 if none does."""
    header = content[position : position + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0 or header[1] >> 1 & 3 != 1:
        return 0
    version, rate, kbit = header[1] >> 3 & 3, header[2] >> 2 & 3, header[2] >> 4
    if version == 1 or rate == 3 or kbit in (0, 15):
        return 0
    first = version == 3  # MPEG-1; else MPEG-2 at half its rates (2) or MPEG-2.5 at a quarter (0)
    hz = _HZ[rate] // {3: 1, 2: 2, 0: 4}[version]
    return (144 if first else 72) * _KBIT[1 if first else 2][kbit] * 1000 // hz + (header[2] >> 1 & 1)


def _two_frames(content: bytes, position: int) -> bool:
    length = _frame_bytes(content, position)
    return bool(length) and (position + length == len(content) or bool(_frame_bytes(content, position + length)))


def _counting_frame(header: bytes, count: int) -> bytes:
    # same version, rate and channels; no checksum, no padding
    own = bytes([0xFF, header[1] | 1, _ROOM << 4 | header[2] & 0x0C, header[3]])
    first, mono = header[1] >> 3 & 3 == 3, header[3] >> 6 == 3
    side = (17 if mono else 32) if first else (9 if mono else 17)
    frame = own + bytes(side) + b"Xing" + (1).to_bytes(4, "big") + count.to_bytes(4, "big")
    return frame.ljust(_frame_bytes(own, 0), b"\0")
