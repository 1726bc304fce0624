/** What every destination must do, against a real server: the happy path and all the unhappy ones. */
import type { Test } from 'tap';
import { sftpDestination } from '../../services/packager/destinations/sftp/deliver.ts';
import { defaultLimits } from '../../services/packager/sftp/limits.ts';
import { endings } from './destinations/endings.ts';
import { existing } from './destinations/existing.ts';
import { type DestinationSuite, makePlace } from './destinations/place.ts';
import { refusals } from './destinations/refusals.ts';
import { targets } from './destinations/targets.ts';

export async function destinationSuite(t: Test, suite: DestinationSuite): Promise<void> {
  const at = await makePlace(t, suite);
  if (at === undefined) return;
  for (const part of [targets, existing, refusals, endings]) await part(t, at);
}

/** The suite over SFTP. */
export async function sftpSuite(t: Test, start: DestinationSuite['start']): Promise<void> {
  const soon = { silenceMs: 600, answerMs: 600, cleanUpMs: 600 };
  const impatient = sftpDestination({ ...defaultLimits, ...soon });
  await destinationSuite(t, { deliver: sftpDestination(), impatient, start });
}
