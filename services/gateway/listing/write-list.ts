/**
 * The answer to GET /osImages as pieces of JSON, made while the rows arrive: the list of a large installation
 * never lies in memory as a whole.
 */
import type { ImageEntry } from '@osimage/database';
import { supportedImages } from '@osimage/os-media';
import { success } from '../answers.ts';
import { shownArchive, shownFile, shownImage, shownProfile } from './shapes.ts';
import { type Batch, fileLists, type ListName } from './walk.ts';

/** Lists that begin an answer's lists in this order; each is there, if only empty. */
const lists: readonly ListName[] = ['items', ...(Object.keys(fileLists) as ListName[]), 'exportFiles'];

/**
 * Writes the answer of a walk. With `paged` it ends with `next`: what to give as `after` for the next page,
 * empty after the last one.
 */
export async function* writeList(batches: AsyncIterable<Batch>, paged: boolean): AsyncGenerator<string> {
  const items = new ItemWriter();
  let at = 0;
  let next = '';
  let first = true;
  let text = `${JSON.stringify(success()).slice(0, -1)},"items":[`;
  for await (const batch of batches) {
    if (batch.list === 'next') {
      next = batch.cursor;
      break;
    }
    for (; lists[at] !== batch.list; at++) {
      text += `${at === 0 ? items.end() : ''}],"${lists[at + 1]}":[`;
      first = true;
    }
    if (batch.list === 'items') text += items.add(batch.rows);
    else {
      const shown = batch.list === 'exportFiles' ? batch.rows.map(shownArchive) : batch.rows.map(shownFile);
      text += (first ? '' : ',') + JSON.stringify(shown).slice(1, -1);
      first = false;
    }
    yield text;
    text = '';
  }
  for (; at < lists.length - 1; at++) text += `${at === 0 ? items.end() : ''}],"${lists[at + 1]}":[`;
  const rest = { supportedImages: supportedImages(), ...(paged && { next }) };
  yield `${text}],${JSON.stringify(rest).slice(1)}`;
}

/** Writes images with their profiles; an image may go on from one batch to the next. */
class ItemWriter {
  #imageId: string | undefined;

  add(rows: readonly ImageEntry[]): string {
    let text = '';
    for (const { image, profile } of rows) {
      const begins = image.image_id !== this.#imageId;
      if (begins) {
        text += `${this.#imageId === undefined ? '' : ']},'}${JSON.stringify(shownImage(image)).slice(0, -1)},"profiles":[`;
        this.#imageId = image.image_id;
      }
      if (profile) text += `${begins ? '' : ','}${JSON.stringify(shownProfile(profile, image))}`;
    }
    return text;
  }

  end(): string {
    return this.#imageId === undefined ? '' : ']}';
  }
}
