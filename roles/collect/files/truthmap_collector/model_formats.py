"""What the first and last bytes of a file say about it: its format, and whether its end is there.

Nothing is loaded, unpacked or unpickled: to load a pickle is to run it.

    zip (torch, keras, npz)   the end-of-central-directory record in the last 65,557 bytes
    HDF5                      the end-of-file address in its superblock
    safetensors               the end of the last tensor by its header
    pickle                    the opcode STOP as the last byte
    XGBoost JSON              the closing brace; LightGBM text: "end of trees" or of parameters

Sources: APPNOTE.TXT 4.3.16, HDF5 file format specification III.A, safetensors README "Format",
CPython pickletools, LightGBM gbdt_model_text.cpp.
"""

import json
import struct
from typing import NamedTuple, Optional

__all__ = ["HEAD_BYTES", "TAIL_BYTES", "Signature", "recognised"]

HEAD_BYTES = 65536
TAIL_BYTES = 65557  # 22 bytes of the end record, and a comment of at most 65,535

_ZIP_END = b"PK\x05\x06"
_HDF5 = b"\x89HDF\r\n\x1a\n"
# torch.save before 1.6: a pickled magic number, then more pickles, then raw storage.
_TORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_BEGINNINGS = (
    ("numpy", b"\x93NUMPY"),
    ("gguf", b"GGUF"),
    ("catboost", b"CBM1"),
    ("gzip", b"\x1f\x8b"),
    ("xz", b"\xfd7zXZ\x00"),
    ("zstd", b"\x28\xb5\x2f\xfd"),
    ("lz4", b"\x04\x22\x4d\x18"),
    ("bzip2", b"BZh"),
    ("xgboost", b"binf"),
    ("zlib", b"x\x01"),
    ("zlib", b"x\x5e"),
    ("zlib", b"x\x9c"),
    ("zlib", b"x\xda"),
)


class Signature(NamedTuple):
    """A file's format, and whether its end is there (None: the format does not say).

    `opaque` says that the file is no text but that of a model: only of such may a hash leave the
    host, since that of a short secret could be guessed.
    """

    format: Optional[str]
    end: Optional[bool]
    opaque: bool


def recognised(head: bytes, tail: bytes, size: int) -> Signature:
    """Return what a file is, by its first HEAD_BYTES, its last TAIL_BYTES and its size."""
    if not size:
        return Signature(None, None, opaque=False)
    if head.startswith((b"PK\x03\x04", _ZIP_END)):
        return Signature("zip", _ZIP_END in tail, opaque=True)
    if head.startswith(_HDF5):
        return Signature("hdf5", _hdf5_end(head, size), opaque=True)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        if head[2:].startswith(_TORCH):
            return Signature("torch", None, opaque=True)
        return Signature("pickle", tail.endswith(b"."), opaque=True)
    if head[4:8] == b"TFL3":
        return Signature("tflite", None, opaque=True)
    for name, beginning in _BEGINNINGS:
        if head.startswith(beginning):
            return Signature(name, None, opaque=True)
    if head.startswith(b"{L") and b"learner" in head[:64]:
        return Signature("xgboost", tail.endswith(b"}"), opaque=True)
    if head[8:9] == b"{" and b"\x00" in head[:8]:
        return Signature("safetensors", _safetensors_end(head, size), opaque=True)
    return _text(head, tail)


def _text(head: bytes, tail: bytes) -> Signature:
    if head.startswith(b"tree\nversion="):
        return Signature("lightgbm", _lightgbm_end(tail), opaque=True)
    start = head.lstrip()
    if start.startswith(b"{"):
        if b'"gradient_booster"' in head or start[1:32].lstrip().startswith(b'"learner"'):
            return Signature("xgboost", tail.rstrip().endswith(b"}"), opaque=True)
        return Signature("json", None, opaque=False)
    if b"\x00" in head or _is_binary(head):
        return Signature("binary", None, opaque=True)
    return Signature("text", None, opaque=False)


def _is_binary(head: bytes) -> bool:
    """Say whether bytes are no UTF-8; a character that the end cuts through does not count."""
    try:
        head[: max(len(head) - 3, 0)].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end < len(head) - 6
    return False


def _hdf5_end(head: bytes, size: int) -> Optional[bool]:
    version, address = head[8:9], 0
    try:
        if version in (b"\x00", b"\x01") and head[13:14] == b"\x08":
            (address,) = struct.unpack_from("<Q", head, 40 if version == b"\x00" else 44)
        elif version in (b"\x02", b"\x03") and head[9:10] == b"\x08":
            (address,) = struct.unpack_from("<Q", head, 28)
        else:
            return None
    except struct.error:
        return False
    return size >= int(address)


def _safetensors_end(head: bytes, size: int) -> Optional[bool]:
    (length,) = struct.unpack_from("<Q", head)
    if 8 + length > size:
        return False
    if 8 + length > len(head):
        return None
    try:
        tensors = json.loads(head[8 : 8 + length].decode("utf-8"))
        ends = [
            int(tensor["data_offsets"][1])
            for name, tensor in tensors.items()
            if name != "__metadata__"
        ]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return bool(size >= 8 + length + max(ends, default=0))


def _lightgbm_end(tail: bytes) -> Optional[bool]:
    if b"end of trees" in tail or b"end of parameters" in tail:
        return True
    return False if b"leaf_value=" in tail or b"split_gain=" in tail else None
