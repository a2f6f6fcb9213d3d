import type { Command } from './command.ts';

export type CommandEntry = {
  /** One line of the program's help. */
  readonly summary: string;
  /** Loads the command's code: a command pays only for what it uses. */
  readonly load: () => Promise<Command>;
};

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  up: {
    summary: 'start Kafka, ClickHouse and the services, in the foreground',
    load: async () => (await import('./commands/up.ts')).up,
  },
  demo: {
    summary: 'send realistic traffic through a stack of its own and check every figure',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  import: {
    summary: 'send users or accounts of a CSV, JSON lines or Parquet file to the collector',
    load: async () => (await import('./commands/import.ts')).importRows,
  },
  status: {
    summary: 'services, lag by partition, dead letters',
    load: async () => (await import('./commands/status.ts')).status,
  },
  sql: {
    summary: 'ask ClickHouse in SQL',
    load: async () => (await import('./commands/sql.ts')).sql,
  },
  funnel: {
    summary: 'how many users did some steps in order',
    load: async () => (await import('./commands/funnel.ts')).funnel,
  },
  retention: {
    summary: 'how many users came back',
    load: async () => (await import('./commands/retention.ts')).retention,
  },
  paths: {
    summary: 'what users do next, or did before',
    load: async () => (await import('./commands/paths.ts')).paths,
  },
  cohort: {
    summary: 'how many users did or have something, and who',
    load: async () => (await import('./commands/cohort.ts')).cohort,
  },
  trend: {
    summary: 'usage over time: events, users, sums, formulas',
    load: async () => (await import('./commands/trend.ts')).trend,
  },
  sessions: {
    summary: 'how many sessions, how long, how many bounced',
    load: async () => (await import('./commands/sessions.ts')).sessions,
  },
  definitions: {
    summary: 'events defined in files: check them, show what they stand for, make their views',
    load: async () => (await import('./commands/definitions.ts')).definitions,
  },
  accounts: {
    summary: 'accounts by their usage, and how it changes',
    load: async () => (await import('./commands/accounts.ts')).accounts,
  },
  ask: {
    summary: 'ask the questions of files',
    load: async () => (await import('./commands/ask.ts')).ask,
  },
  user: {
    summary: 'who somebody is and why: devices, merges, properties, sessions',
    load: async () => (await import('./commands/user.ts')).user,
  },
  plan: {
    summary: 'a tracking plan: write one, check it, what of it arrives, typed client code',
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  tail: {
    summary: 'follow the records of a topic',
    load: async () => (await import('./commands/tail.ts')).tail,
  },
  console: {
    summary: 'serve the console: look at events, users, funnels and the pipeline in a browser',
    load: async () => (await import('./commands/console.ts')).console,
  },
  verify: {
    summary: 'account for every record that was collected',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  'dead-letters': {
    summary: 'what was rejected and why; put it back in after a fix',
    load: async () => (await import('./commands/dead-letters.ts')).deadLetters,
  },
  replay: {
    summary: 'build everything again from the log, verify it and switch to it',
    load: async () => (await import('./commands/replay.ts')).replay,
  },
  generations: {
    summary: 'list what replays have built, switch between them, drop old ones',
    load: async () => (await import('./commands/generations.ts')).generations,
  },
  unmerge: {
    summary: 'undo a wrong merge, from the next replay on',
    load: async () => (await import('./commands/unmerge.ts')).unmerge,
  },
  bench: {
    summary: 'measure the pipeline on this machine',
    load: async () => (await import('./commands/bench.ts')).bench,
  },
};
