/**
 * Backup and restore of an installation with the corpus, from one file system in memory to another, beside what people do
 * by hand: `tar` of the same bytes with their digest, `rsync` with links, and COPY of all tables. (Debian 12's pg_dump
 * refuses the PostgreSQL the service brings.) The commands are timed whole, with the start of Node.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeSampleProfile } from '../../test/support/sample-profile.ts';
import { corpus } from '../corpus.ts';
import { type Bench, comparison, inTurn, type Table } from '../measure.ts';
import { memoryFolder } from '../places.ts';
import { asOrders, type Product, startProduct } from '../product.ts';
import { seed } from '../scale/seed.ts';
import { shell } from '../shell.ts';

const main = join(import.meta.dirname, '../../services/admin/main.ts');
const jobs = 100_000;

export async function measureBackup(bench: Bench): Promise<Table[]> {
  const files = await corpus();
  const product = await startProduct(bench, await memoryFolder(bench));
  const other = await memoryFolder(bench);
  const place = new Place(product, other);
  await makeSampleProfile(product.client, asOrders(files), 'corpus', 'Standard');

  const first = await inTurn(
    bench,
    {
      'backup, the first one': () => place.admin(`backup ${other}/new`),
      'tar with sha256sum, COPY': async () => {
        await place.copyTables();
        await shell(
          `tar -C ${place.dataDir} -cf - store secret.key | tee >(sha256sum >${other}/sum) >${other}/x.tar`,
        );
      },
    },
    () => shell(`rm -rf ${other}/new ${other}/tables ${other}/x.tar`),
  );

  await place.admin(`backup ${other}/one`);
  await shell(`cp -r ${place.dataDir}/store ${other}/before; tar -C ${other}/one -cf ${other}/one.tar .`);
  const later = await inTurn(
    bench,
    {
      'backup beside an earlier one': () => place.admin(`backup ${other}/two`),
      'rsync --link-dest, COPY': async () => {
        await place.copyTables();
        await shell(
          `rsync -a --size-only --link-dest=${other}/before ${place.dataDir}/store/ ${other}/after`,
        );
      },
    },
    () => shell(`rm -rf ${other}/two ${other}/tables ${other}/after`),
  );

  const restore = await inTurn(bench, {
    restore: () => place.restore(`${other}/one`),
    'tar -x, then sha256sum -c': async () => {
      const to = join(place.dataDir, '..', 'unpacked');
      await mkdir(to);
      await shell(`tar -C ${to} -xf ${other}/one.tar && cd ${to} && sha256sum --quiet -c SHA256SUMS`);
      await rm(to, { recursive: true });
    },
  });

  return [
    comparison('First backup of an installation with the corpus', first),
    comparison('Another backup, nothing new', later),
    comparison('Restore of the corpus', restore),
    ...(await measureRows(bench)),
  ];
}

/** An installation with hardly any content, and many rows. */
async function measureRows(bench: Bench): Promise<Table[]> {
  const product = await startProduct(bench, await memoryFolder(bench));
  const other = await memoryFolder(bench);
  const place = new Place(product, other);
  bench.say(`seeding ${jobs} jobs`);
  await seed(product.db, { root: product.store }, { jobs, profiles: jobs / 10 });
  const backup = await inTurn(
    bench,
    {
      backup: () => place.admin(`backup ${other}/one`),
      'COPY of all tables, gzip -1': () => place.copyTables(),
    },
    () => shell(`rm -rf ${other}/one ${other}/tables`),
  );
  await place.admin(`backup ${other}/one`);
  const restore = await inTurn(bench, { restore: () => place.restore(`${other}/one`) });
  const rows = `${jobs} jobs and ${jobs / 10} profiles`;
  return [comparison(`Backup of ${rows}`, backup), comparison(`Restore of ${rows}`, restore)];
}

/** The installation, and where its backups go. */
class Place {
  readonly dataDir: string;
  readonly #product: Product;
  readonly #other: string;
  #restores = 0;

  constructor(product: Product, other: string) {
    this.#product = product;
    this.#other = other;
    this.dataDir = dirname(product.store);
  }

  /** Runs an operator's command; gives the seconds it took. */
  async admin(words: string, url = this.#product.db.url, dataDir = this.dataDir): Promise<number> {
    const started = performance.now();
    await shell(`DATABASE_URL='${url}' DATA_DIR=${dataDir} ${process.execPath} ${main} ${words} >/dev/null`);
    return (performance.now() - started) / 1000;
  }

  async copyTables(): Promise<void> {
    const psql = `psql '${this.#product.db.url}' -At`;
    const list = `select quote_ident(tablename) from pg_tables where schemaname = 'public'`;
    const to = join(this.#other, 'tables');
    await shell(
      `mkdir ${to}; ${psql} -c "${list}" | while read t; do ${psql} -c "copy $t to stdout" | gzip -1 >${to}/$t.gz; done`,
    );
  }

  /** Into a database and a folder that are made for it. */
  async restore(backup: string): Promise<number> {
    const name = `restored_${this.#restores++}`;
    const { db } = this.#product;
    await db.query(`create database ${name}`);
    const url = new URL(db.url);
    url.pathname = `/${name}`;
    const folder = join(this.dataDir, '..', name);
    try {
      return await this.admin(`restore ${backup}`, url.href, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
      await db.query(`drop database ${name} with (force)`);
    }
  }
}
