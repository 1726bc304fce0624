"""An archive reader written from docs/archive-format.md alone: no tar and no gzip library, only zlib's inflate.

usage: reader.py ARCHIVE
Checks everything the page promises and prints path, size and SHA-256 of each member as JSON.
"""
import hashlib
import json
import re
import struct
import sys
import zlib

raw = open(sys.argv[1], "rb").read()
assert raw[:10] == bytes.fromhex("1f8b08000000000000ff"), "gzip header"
inflate = zlib.decompressobj(-15)
tar = inflate.decompress(raw[10:])
assert inflate.eof and len(inflate.unused_data) == 8, "one gzip member and nothing after it"
assert struct.unpack("<II", inflate.unused_data) == (zlib.crc32(tar), len(tar) % 2**32), "trailer"


def number(field):
    """An octal number, or base-256 when the first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    return int(field.rstrip(b" \0") or b"0", 8)


def records(body):
    """The records of a pax extended header."""
    found = {}
    while body:
        length = int(body[: body.index(b" ")])
        key, value = body[:length].split(b" ", 1)[1].rstrip(b"\n").split(b"=", 1)
        found[key.decode()] = value.decode()
        body = body[length:]
    return found


members, at, extended = {}, 0, {}
while tar[at] != 0:
    header = tar[at:at + 512]
    checksum = sum(header[:148]) + 8 * 32 + sum(header[156:])
    assert number(header[148:156]) == checksum, "header checksum"
    assert [number(header[a:b]) for a, b in ((100, 108), (108, 116), (116, 124), (136, 148))] == [0o644, 0, 0, 315532800]
    name = header[:100].rstrip(b"\0").decode()
    prefix = header[345:500].rstrip(b"\0").decode() if header[257:262] == b"ustar" else ""
    size, kind = number(header[124:136]), header[156:157]
    size = int(extended.get("size", size))
    body = tar[at + 512:at + 512 + size]
    end = at + 512 + (size + 511) // 512 * 512
    assert not any(tar[at + 512 + size:end]), "padding"
    if kind == b"x":
        assert name == "profile/PaxHeader"
        extended = records(body)
    elif kind == b"L":
        assert name == "././@LongLink"
    else:
        assert kind in b"0\0", "regular files only"
        path = extended.get("path", f"{prefix}/{name}" if prefix else name)
        assert path not in members, "each path once"
        members[path] = body
        extended = {}
    at = end
assert not any(tar[at:]) and len(tar) - at == 1024, "two blocks of zeros end the stream"

sha256 = {path: hashlib.sha256(body).hexdigest() for path, body in members.items()}
paths = list(members)
assert paths[0] == "profile/metadata.json" and paths[-2:] == ["profile/checksums.sha256", "profile/archive.sha256"]
assert paths[1:-2] == sorted(paths[1:-2], key=str.encode), "files sorted by path"
lines = "".join(f"{sha256[path]}  {path}\n" for path in sorted(paths[:-2], key=str.encode))
assert members["profile/checksums.sha256"].decode() == lines, "checksums.sha256"
digest, count = re.fullmatch(r"([0-9a-f]{64})  (\d+)\n", members["profile/archive.sha256"].decode()).groups()
assert hashlib.sha256(raw[: int(count)]).hexdigest() == digest, "archive.sha256"
metadata = json.loads(members["profile/metadata.json"])
assert (metadata["format"], metadata["formatVersion"]) == ("osimage-export archive", 1)
assert sorted({file["path"] for file in metadata["files"]}, key=str.encode) == paths[1:-2], "one member for each file"
for file in metadata["files"]:
    assert (file["size"], file["sha256"]) == (len(members[file["path"]]), sha256[file["path"]]), file["path"]
    if file["kind"] != "predefined-unattend":
        assert file["path"].split("/")[2] == file["sha256"][:16], "folder of its hash"
print(json.dumps({path: f"{len(members[path])} {sha256[path]}" for path in paths}))
