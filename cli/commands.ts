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
  status: {
    summary: 'services, lag by partition, dead letters',
    load: async () => (await import('./commands/status.ts')).status,
  },
  sql: {
    summary: 'ask ClickHouse in SQL',
    load: async () => (await import('./commands/sql.ts')).sql,
  },
};
