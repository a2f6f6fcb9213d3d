/** A part of `npm test`: a command that must succeed, or test files. */
export type Suite =
  | { readonly name: string; readonly command: readonly string[] }
  | {
      readonly name: string;
      /** Glob patterns, from the root of the repository. */
      readonly files: readonly string[];
      readonly except?: readonly string[];
      /** Files that run at a time, where servers are child processes; with containers it is one. */
      readonly concurrency: number;
    };

/** Each of their files runs a Kafka, a ClickHouse and services. */
const HEAVY = ['pipeline', 'conformance', 'e2e', 'faults'];

/** In the order in which they run: what is quick, and most likely to say what is wrong, comes first. */
export const SUITES: readonly Suite[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'types-browser', command: ['tsc', '--noEmit', '-p', 'console/browser'] },
  { name: 'style', command: ['biome', 'check', '.'] },
  {
    name: 'unit',
    files: ['{schemas,lib,services,infra,cli,console,queries,plans,bench,sdk,test}/**/*.test.ts'],
    except: ['model', ...HEAVY].map((folder) => `test/${folder}/**`),
    concurrency: 2,
  },
  { name: 'model', files: ['test/model/**/*.test.ts'], concurrency: 2 },
  // Two stacks wait for different things most of the time; what times faults wants the machine for itself.
  ...HEAVY.map((name) => ({
    name,
    files: [`test/${name}/**/*.test.ts`],
    concurrency: name === 'pipeline' ? 2 : 1,
  })),
];
