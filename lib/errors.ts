/**
 * Errors named by what to do about them. Bad input is a value (a verdict, a dead letter) and never one of
 * these; these are a broken world or a bug.
 */

/** Broker or ClickHouse cannot answer now: back off and try again. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly code = 'unavailable';
}

/** Another member owns the partition now: drop the task and commit nothing. */
export class TaskMigratedError extends Error {
  override readonly name = 'TaskMigratedError';
  readonly code = 'task_migrated';
}

/** The installation is wrong and a person must mend it; nothing was started. Every problem is listed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options);
    this.problems = problems;
  }
}

/** A rule of ours does not hold: a bug. The process stops; the state is in the log. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly code = 'invariant';
}

/** Exit codes of services, after sysexits.h. */
export const EXIT = { ok: 0, bug: 70, unavailable: 75, config: 78 } as const;

/** Exit code a process ends with after an error nobody could handle. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ConfigError ? EXIT.config : EXIT.bug;
}
