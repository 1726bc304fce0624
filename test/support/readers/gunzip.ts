/** Readers of gzip alone, which take a stream as it comes: each gives size and SHA-256 of what it holds. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { run } from './index.ts';

export interface GzipReader {
  readonly name: string;
  readonly tool: string;
  /** "<size> <sha256>" of the content of a .gz. */
  read(path: string): Promise<string>;
}

// 1,000 bytes at a time: no block, segment or member begins where a piece does.
const python = `
import hashlib, sys, zlib
stream, digest, size = zlib.decompressobj(31), hashlib.sha256(), 0
with open(sys.argv[1], 'rb') as file:
    while piece := file.read(1000):
        content = stream.decompress(piece)
        digest.update(content)
        size += len(content)
assert stream.eof and not stream.unused_data
print(size, digest.hexdigest())
`;

const perl = `
use strict; use warnings; use Digest::SHA; use IO::Uncompress::Gunzip qw($GunzipError);
my $stream = IO::Uncompress::Gunzip->new($ARGV[0], Strict => 1, BlockSize => 1000) or die $GunzipError;
my ($digest, $size) = (Digest::SHA->new(256), 0);
while ((my $length = $stream->read(my $piece)) != 0) {
  die $GunzipError if $length < 0;
  $digest->add($piece);
  $size += $length;
}
print "$size ", $digest->hexdigest, "\\n";
`;

export const gzipReaders: readonly GzipReader[] = [
  {
    name: 'Python zlib',
    tool: 'python3',
    read: async (path) => (await run('python3', '-c', python, path)).trim(),
  },
  {
    name: 'Perl IO::Uncompress',
    tool: 'perl',
    read: async (path) => (await run('perl', '-e', perl, path)).trim(),
  },
  {
    name: 'Node createGunzip',
    tool: 'node',
    async read(path) {
      const hash = createHash('sha256');
      let size = 0;
      const content = createReadStream(path, { highWaterMark: 1000 }).pipe(createGunzip());
      for await (const piece of content as AsyncIterable<Buffer>) {
        hash.update(piece);
        size += piece.length;
      }
      return `${size} ${hash.digest('hex')}`;
    },
  },
];

/** Programs that check a .gz with -t. */
export const gzipTesters = ['gzip', 'pigz', 'igzip'] as const;
