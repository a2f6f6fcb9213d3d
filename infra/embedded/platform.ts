import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ConfigError } from '#lib/errors.ts';

const DOCKER = 'Use Docker instead: docker compose up';

/** The package that carries ClickHouse as a library, by platform. Its siblings for other platforms have no release that can listen. */
const LIBRARY_PACKAGES: Readonly<Record<string, string>> = { 'linux-x64-gnu': '@chdb/lib-linux-x64-gnu' };

/** The platform as npm packages name it: system, processor and, on Linux, C library. */
export function platformName(
  system: string = process.platform,
  processor: string = process.arch,
  hasGlibc: boolean = runsOnGlibc(),
): string {
  const libc = system === 'linux' ? `-${hasGlibc ? 'gnu' : 'musl'}` : '';
  return `${system}-${processor}${libc}`;
}

/**
 * Path of the ClickHouse library. Throws ConfigError, with the remedy, on a platform that has none and
 * where its package is not installed.
 */
export function clickhouseLibrary(
  platform: string = platformName(),
  resolve: (id: string) => string = createRequire(import.meta.url).resolve,
): string {
  const name = LIBRARY_PACKAGES[platform];
  if (name === undefined) {
    throw new ConfigError([
      `Cannot run the embedded ClickHouse: there is none for ${platform}, only for ${Object.keys(LIBRARY_PACKAGES).join(', ')}. ${DOCKER}, or set CAIRN_CLICKHOUSE_URL to a server that runs already`,
    ]);
  }
  try {
    return join(dirname(resolve(`${name}/package.json`)), 'libchdb.so');
  } catch (error) {
    throw new ConfigError(
      [
        `Cannot run the embedded ClickHouse: the package ${name} is not installed. It is an optional dependency: run npm ci without --omit=optional. ${DOCKER} works without it`,
      ],
      { cause: error },
    );
  }
}

function runsOnGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}
