/** docker-compose.yml as Compose sees it: anchors and merge keys resolved. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { schema } from '@osimage/settings';
import type { Test } from 'tap';
import { needPython } from '../support/python.ts';

export const root = join(import.meta.dirname, '../..');

interface ComposeService {
  image: string;
  build?: { context: string; target: string; args: Record<string, string> };
  user?: string;
  command?: string[];
  entrypoint?: string[];
  read_only?: boolean;
  restart?: string;
  cap_drop?: string[];
  security_opt?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  mem_limit?: string;
  cpus?: number;
  pids_limit?: number;
  ports?: string[];
  networks?: string[];
  network_mode?: string;
  volumes?: string[];
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }>;
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
}

/** Gives the file, or undefined where there is no Python with PyYAML; the test is then skipped, with CI=true it fails. */
export async function readComposeFile(t: Test): Promise<ComposeFile | undefined> {
  const python = await needPython(t, 'yaml', 'python3-yaml');
  if (!python) return undefined;
  const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
  const { stdout } = await promisify(execFile)(python, ['-c', script, join(root, 'docker-compose.yml')]);
  return JSON.parse(stdout) as ComposeFile;
}

/** The options Node is started with for this service by `npm start`: the same everywhere. */
export function nodeOptions(service: string): string[] {
  const source = readFileSync(join(root, 'scripts/service-process.ts'), 'utf8');
  const [, list = ''] = new RegExp(`^  ${service}: \\[(.+)\\],$`, 'm').exec(source) ?? [];
  return [...list.matchAll(/'(--[^']+)'/g)].map(([, option = '']) => option);
}

/** The settings that hold secrets. */
export const secretSettings = Object.entries(schema).flatMap(([name, setting]) =>
  'secret' in setting ? [name] : [],
);

/** What of some environment variables is no setting of ours, with or without `_FILE`. */
export function notSettings(names: readonly string[]): string[] {
  return names.filter((name) => !(name in schema) && !secretSettings.includes(name.replace(/_FILE$/, '')));
}

/** Seconds a service may take to stop (services/packager/main.ts). */
export const stopSeconds = schema.DRAIN_SECONDS.fallback + 15;
