import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ConfigError, UnavailableError } from '#lib/errors.ts';
import { spawnWatched } from './supervised-process.ts';

const GRACE_MS = 2000;
const NOT_FOUND = 127;
const SHOWN_EVERY = 10;
const SHOWN_ERRORS = 3;

export type MavenOptions = {
  /** Directory with the pom.xml. */
  readonly project: string;
  /** Directory that the jars are copied to. */
  readonly target: string;
  readonly progress: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Copies a project's dependencies, downloading what the user's local repository lacks; mirrors, proxies and
 * credentials are those of the user's settings.xml. Throws ConfigError where Maven is missing and
 * UnavailableError where it fails.
 */
export async function copyDependencies({ project, target, progress, signal }: MavenOptions): Promise<void> {
  signal?.throwIfAborted();
  const args = ['-B', 'dependency:copy-dependencies', `-DoutputDirectory=${target}`];
  const maven = spawnWatched('mvn', args, { directory: project, graceMs: GRACE_MS, output: 'pipe' });
  const exited = once(maven, 'exit');
  const abort = () => maven.kill();
  signal?.addEventListener('abort', abort);
  const errors: string[] = [];
  let downloaded = 0;
  const read = async (stream: NodeJS.ReadableStream) => {
    for await (const line of createInterface({ input: stream })) {
      const [, problem] = /^(?:\[(?:ERROR|FATAL)\] |(?=Error))(.+)$/.exec(line) ?? [];
      if (problem !== undefined && problem.trim() !== '') errors.push(problem);
      if (!/^(\[INFO\] )?Downloaded from .*\.jar/.test(line)) continue;
      downloaded += 1;
      if (downloaded % SHOWN_EVERY === 0) progress(`Maven has downloaded ${downloaded} files`);
    }
  };
  const reading = Promise.all([read(maven.stdout!), read(maven.stderr!)]);
  try {
    const [code] = await exited;
    await reading;
    signal?.throwIfAborted();
    if (code === 0) return;
    if (code === NOT_FOUND) {
      throw new ConfigError([
        'Cannot download Kafka: Maven is missing (mvn). Install it (Debian, Ubuntu: apt install maven); it is needed for the first start only. Or use Docker instead: docker compose up',
      ]);
    }
    throw new UnavailableError(
      `Cannot download Kafka: mvn exited with ${code}. Check the network, and the mirrors and proxies in Maven's settings.xml:\n${errors.slice(0, SHOWN_ERRORS).join('\n')}`,
    );
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
