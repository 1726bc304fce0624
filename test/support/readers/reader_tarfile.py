"""Reads with Python's own tarfile. See index.ts for what it takes and prints."""
import hashlib
import sys
import tarfile

path, *sizes = sys.argv[1:]
sys.stdout.reconfigure(encoding="utf-8")
with tarfile.open(path, "r:gz" if path.endswith("gz") else "r:") as archive:
    for member in archive:
        assert member.isreg(), member
        digest = hashlib.sha256()
        stream = archive.extractfile(member)
        while not sizes and (chunk := stream.read(1 << 20)):
            digest.update(chunk)
        print(member.size, "-" if sizes else digest.hexdigest(), member.name)
