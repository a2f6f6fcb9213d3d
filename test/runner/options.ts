import { parseArgs } from 'node:util';
import { SUITES, type Suite } from './suites.ts';

const BACKENDS = ['embedded', 'containers'];

export type Options = {
  readonly suites: readonly Suite[];
  /** Where Kafka and ClickHouse come from: see test/support/backend.ts. */
  readonly backend: string;
};

export const USAGE = `Usage: npm test -- [--only SUITE[,SUITE]] [--backend ${BACKENDS.join('|')}]
Suites: ${SUITES.map(({ name }) => name).join(', ')}
`;

/** Throws an Error that says what was wrong. */
export function readOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: { only: { type: 'string', multiple: true }, backend: { type: 'string' } },
  });
  const names = (values.only ?? []).flatMap((list) => list.split(','));
  const unknown = names.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) throw new Error(`Cannot run a suite of this name: ${JSON.stringify(unknown)}`);
  const backend = values.backend ?? (env['CAIRN_TEST_BACKEND'] || 'embedded');
  if (!BACKENDS.includes(backend))
    throw new Error(`Cannot use a backend of this name: ${JSON.stringify(backend)}`);
  return {
    suites: names.length === 0 ? SUITES : SUITES.filter(({ name }) => names.includes(name)),
    backend,
  };
}
