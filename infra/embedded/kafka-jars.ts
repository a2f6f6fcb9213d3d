import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isTaken, type LockFile, takeLock } from './lock-file.ts';
import { copyDependencies } from './maven.ts';

const HOME = join(import.meta.dirname, 'kafka');
const PARTIAL = '.partial';
const DIGEST_CHARACTERS = 12;
const WAIT_MS = 250;

export type JarsOptions = {
  /** What is going on, for people. */
  readonly progress: (text: string) => void;
  /** Aborted = stop downloading, and throw the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Directory of the pom.xml, in which lib/ comes to be. */
  readonly home?: string;
};

/**
 * Directory of Kafka's jars. The first call downloads them with Maven; later ones need neither Maven nor a
 * network. Of several processes at once one downloads, and the others wait.
 *
 * The directory is named after the pom's digest and appears in one step, so what is there is complete and
 * of the right version.
 */
export async function kafkaJars({ progress, signal, home = HOME }: JarsOptions): Promise<string> {
  const digest = createHash('sha256')
    .update(readFileSync(join(home, 'pom.xml')))
    .digest('hex');
  const lib = join(home, 'lib');
  const jars = join(lib, digest.slice(0, DIGEST_CHARACTERS));
  if (existsSync(jars)) return jars;
  mkdirSync(lib, { recursive: true });
  const lock = await waitForLock(join(lib, 'lock'), progress, signal);
  try {
    if (existsSync(jars)) return jars;
    for (const name of readdirSync(lib)) {
      if (name.endsWith(PARTIAL)) rmSync(join(lib, name), { recursive: true });
    }
    progress('downloading Kafka with Maven (43 MB, only this once)');
    await copyDependencies({ project: home, target: `${jars}${PARTIAL}`, progress, signal });
    renameSync(`${jars}${PARTIAL}`, jars);
    return jars;
  } finally {
    lock.release();
  }
}

async function waitForLock(
  path: string,
  progress: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<LockFile> {
  let saidOf: number | undefined;
  for (;;) {
    const outcome = takeLock(path);
    if (isTaken(outcome)) return outcome;
    if (saidOf !== outcome.pid) progress(`waiting for process ${outcome.pid}, which downloads Kafka`);
    saidOf = outcome.pid;
    await pause(WAIT_MS, undefined, { signal });
  }
}
