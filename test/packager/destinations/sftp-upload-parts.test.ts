// The parts of an upload that only count: what is written without a hole, how fast, and over how many channels.
import fc from 'fast-check';
import t from 'tap';
import { LaneGrowth, lanesFor, MOST_LANES } from '../../../services/packager/destinations/sftp/lane-count.ts';
import { Watermark } from '../../../services/packager/destinations/sftp/watermark.ts';
import { type Clock, Pace } from '../../../services/packager/pace.ts';

t.test('the watermark is the beginning without a hole, whatever is answered first', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.nat(1_000_000), fc.infiniteStream(fc.nat()), (lengths, from, chances) => {
      let offset = from;
      const parts = lengths.map((length) => {
        const part = { offset, length };
        offset += length;
        return part;
      });
      const written = new Set<number>();
      const watermark = new Watermark(from);
      // Some are told twice.
      const waiting = [...parts, ...parts.slice(0, 3)];
      while (waiting.length > 0) {
        const at = (chances.next().value ?? 0) % waiting.length;
        const [part] = waiting.splice(at, 1);
        if (part === undefined) return false;
        written.add(part.offset);
        const before = watermark.bytes;
        const grew = watermark.add(part.offset, part.length);
        const firstHole = parts.find((one) => !written.has(one.offset))?.offset ?? offset;
        if (watermark.bytes !== firstHole || grew !== watermark.bytes > before) return false;
      }
      return watermark.bytes === offset;
    }),
  );
});

t.test('a pace lets through what it says, in no larger bursts', async () => {
  const takes = fc.array(
    fc.record({ bytes: fc.integer({ min: 1, max: 500_000 }), idleMs: fc.integer({ min: 0, max: 400 }) }),
    { minLength: 1, maxLength: 50 },
  );
  await fc.assert(
    fc.asyncProperty(takes, fc.integer({ min: 10_000, max: 100_000_000 }), async (sequence, rate) => {
      let now = 1000;
      const clock: Clock = {
        now: () => now,
        wait: async (ms) => {
          now += ms;
        },
      };
      const pace = new Pace(rate, clock);
      const passed: { at: number; bytes: number }[] = [];
      for (const { bytes, idleMs } of sequence) {
        now += idleMs;
        await pace.take(bytes, new AbortController().signal);
        passed.push({ at: now, bytes });
      }
      // Whatever stretch of time is looked at, it holds the rate and one burst of 50 ms.
      return passed.every((first, from) => {
        let sum = 0;
        return passed.slice(from).every(({ at, bytes }) => {
          sum += bytes;
          return sum <= (rate * (at - first.at + 50)) / 1000 + first.bytes + 1;
        });
      });
    }),
  );
});

t.test('a pace of none waits for nothing', async (t) => {
  const never: Clock = { now: () => 0, wait: () => Promise.reject(new Error('it waited')) };
  await new Pace(undefined, never).take(1e12, new AbortController().signal);
  t.equal(new Pace(undefined).part, Number.POSITIVE_INFINITY);
});

t.test('as many channels as the delay needs', async (t) => {
  const link = { roundTripMs: 100, size: 1e9, bytesPerSecond: undefined, sharing: 1 };
  t.equal(lanesFor(link), 12);
  t.equal(lanesFor({ ...link, roundTripMs: 0.2 }), 1, 'none beside the first without a delay');
  t.equal(lanesFor({ ...link, roundTripMs: 5000 }), MOST_LANES);
  t.equal(lanesFor({ ...link, size: 10_000_000 }), 2, 'a small archive needs few');
  t.equal(lanesFor({ ...link, size: 0 }), 1);
  t.equal(lanesFor({ ...link, bytesPerSecond: 10_000_000 }), 1, 'nor does a slow one');
  t.equal(lanesFor({ ...link, sharing: 10 }), 2, 'ten share what one would take');
});

t.test('more channels as long as they pay', async (t) => {
  const growth = new LaneGrowth();
  t.equal(growth.next(4, { bytes: 1e6, ms: 100, blockedMs: 0 }), 4, 'the windows are not what limits');
  t.equal(growth.next(4, { bytes: 1e6, ms: 100, blockedMs: 50 }), 6);
  t.equal(growth.next(6, { bytes: 1.05e6, ms: 100, blockedMs: 50 }), 6, 'they brought nothing');
  t.equal(growth.next(6, { bytes: 1.5e6, ms: 100, blockedMs: 50 }), 9);
  t.equal(growth.next(30, { bytes: 9e6, ms: 100, blockedMs: 50 }), MOST_LANES);
});
