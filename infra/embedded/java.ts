import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '#lib/errors.ts';

const run = promisify(execFile);
const OLDEST_JAVA = 17;
const DOCKER = 'or use Docker instead: docker compose up';

/**
 * Path of a Java that can run Kafka: $JAVA_HOME's where that is set, else the one on the path. Throws
 * ConfigError, with the remedy, where it is missing or too old.
 */
export async function findJava(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const home = env['JAVA_HOME'];
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
  let banner: string;
  try {
    const { stdout, stderr } = await run(java, ['-version'], { env });
    banner = stderr + stdout;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing
      ? `Java is missing (${java})`
      : `${java} -version failed: ${(error as Error).message.trim()}`;
    const remedy = home === undefined || home === '' ? 'Install' : 'Correct JAVA_HOME, install';
    throw new ConfigError(
      [
        `Cannot run the embedded Kafka: ${reason}. ${remedy} Java ${OLDEST_JAVA} or newer (Debian, Ubuntu: apt install openjdk-17-jre-headless), ${DOCKER}`,
      ],
      { cause: error },
    );
  }
  const version = javaVersion(banner);
  if (version === undefined || version < OLDEST_JAVA) {
    throw new ConfigError([
      `Cannot run the embedded Kafka: ${java} is Java ${version ?? 'of an unknown version'}, it needs ${OLDEST_JAVA} or newer. Install one and point JAVA_HOME at it, ${DOCKER}`,
    ]);
  }
  return java;
}

/** Feature version in what `java -version` prints: 17 for "17.0.15", 8 for "1.8.0_402". */
export function javaVersion(banner: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(banner);
  return match === null ? undefined : Number(match[1]);
}
