"""An archive writer made from docs/archive-format.md alone: no tar and no gzip library, only zlib's deflate.

usage: writer.py SNAPSHOT FOLDER ARCHIVE
SNAPSHOT is a JSON object with encoder, baseImage, profile, customizationOptions and files (kind, id, name,
description, os, osrelease, version, type); the content of files[n] lies in FOLDER/n.

usage: writer.py headers
Reads lines of JSON, [path, size], and prints what stands before the content of such a member, hexadecimal.
"""
import hashlib
import json
import re
import struct
import sys
import zlib

FOLDERS = {"boot": "boot", "config": "config", "driver": "drivers", "script": "scripts", "software": "software",
           "unattend": "unattend"}

def sha256(content):
    return hashlib.sha256(content).hexdigest()


def member_path(file):
    if file["kind"] == "predefined-unattend":
        return f"profile/unattend-predefined/{file['name']}"
    return f"profile/{FOLDERS[file['kind']]}/{file['sha256'][:16]}/{file['name']}"


def pick(source, keys):
    return {key: source[key] for key in keys.split()}


def canonical(value):
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    # Halves of surrogate pairs are escaped, and nothing is UTF-8 of them.
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text).encode()


def octal(value, width):
    digits = f"{value:0{width - 2}o}"
    return (digits if len(digits) == width - 1 else digits + " ").encode() + b"\0"


def header(name, prefix, size, kind=b"0"):
    number = octal(size, 12) if size < 8 * 2**30 else b"\x80" + size.to_bytes(11, "big")
    block = bytearray(512)
    for at, field in ((0, name), (100, octal(0o644, 8)), (108, octal(0, 8)), (116, octal(0, 8)), (124, number),
                      (136, octal(315532800, 12)), (148, b" " * 8), (156, kind), (257, b"ustar\00000"),
                      (329, octal(0, 8)), (337, octal(0, 8)), (345, prefix)):
        block[at:at + len(field)] = field
    block[148:156] = octal(sum(block), 8)
    return bytes(block)


def padding(size):
    return bytes(-size % 512)


def extension(name, kind, text):
    return header(name, b"", len(text), kind) + text + padding(len(text))


def record(key, value):
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while len(str(length).encode() + rest) != length:
        length = len(str(length).encode() + rest)
    return str(length).encode() + rest


def member_header(path, size):
    raw = path.encode()
    folder, name = raw.rsplit(b"/", 1)
    fits = len(raw) < 100 or len(name) <= 100
    short = raw if len(raw) < 100 else name
    prefix = b"" if len(raw) < 100 else folder
    records = record(b"path", raw) if not fits or not raw.isascii() else b""
    records += record(b"size", str(size).encode()) if size >= 8 * 2**30 else b""
    blocks = b"" if fits else extension(b"././@LongLink", b"L", raw + b"\0")
    if records:
        blocks += extension(b"profile/PaxHeader", b"x", records)
    return blocks + (header(short, prefix, size) if fits else header(folder + b"/long-name", b"", size))


def stored(content, final=False):
    blocks = []
    for at in range(0, len(content), 65535):
        part = content[at:at + 65535]
        last = final and at + 65535 >= len(content)
        blocks.append(struct.pack("<BHH", last, len(part), len(part) ^ 0xFFFF) + part)
    return b"".join(blocks)


def segments(content):
    for at in range(0, len(content), 2**20):
        part = content[at:at + 2**20]
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = deflate.compress(part) + deflate.flush(zlib.Z_SYNC_FLUSH)
        plain = stored(part)
        yield min(plain, packed, key=len)


if sys.argv[1:] == ["headers"]:
    for line in sys.stdin:
        print(member_header(*json.loads(line)).hex())
    sys.exit()

snapshot_path, folder, archive_path = sys.argv[1:]
snapshot = json.load(open(snapshot_path, encoding="utf-8"))
contents = {}
files = []
for at, file in enumerate(snapshot["files"]):
    content = open(f"{folder}/{at}", "rb").read()
    file.update(size=len(content), sha256=sha256(content))
    file["path"] = member_path(file)
    contents[file["path"]] = content
    files.append(pick(file, "kind id name description os osrelease version type size sha256 path"))
files.sort(key=lambda file: (file["path"].encode(), file["id"]))
metadata = canonical({
    "format": "osimage-export archive",
    "formatVersion": 1,
    "encoder": snapshot["encoder"],
    "baseImage": pick(snapshot["baseImage"], "id name os osrelease arch sha256 size"),
    "profile": pick(snapshot["profile"], "id name description kind baseProfileId"),
    "customizationOptions": snapshot["customizationOptions"],
    "installationOptions": {
        "predefinedUnattendFiles": [file["name"] for file in files if file["kind"] == "predefined-unattend"]},
    "files": files,
})
paths = sorted(contents, key=str.encode)
sums = {path: sha256(contents[path]) for path in paths} | {"profile/metadata.json": sha256(metadata)}
checksums = "".join(f"{sums[path]}  {path}\n" for path in sorted(sums, key=str.encode)).encode()

tar, packed, waiting = [], [bytes.fromhex("1f8b08000000000000ff")], []


def flush():
    text = b"".join(waiting)
    tar.append(text)
    packed.append(stored(text))
    waiting.clear()


def text_member(path, content):
    waiting.extend((member_header(path, len(content)), content, padding(len(content))))


text_member("profile/metadata.json", metadata)
for path in paths:
    content = contents[path]
    waiting.append(member_header(path, len(content)))
    flush()
    tar.append(content)
    packed.extend(segments(content))
    waiting.append(padding(len(content)))
text_member("profile/checksums.sha256", checksums)
flush()
body = b"".join(packed)
digest = f"{sha256(body)}  {len(body)}\n".encode()
text_member("profile/archive.sha256", digest)
tail = b"".join(waiting) + bytes(1024)
whole = b"".join(tar) + tail
trailer = struct.pack("<II", zlib.crc32(whole), len(whole) % 2**32)
with open(archive_path, "wb") as out:
    out.write(body + stored(tail, final=True) + trailer)
