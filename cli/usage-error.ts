/** The command line or a setting is wrong: the CLI says so and exits 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

/** The command could not do its work; the message says all there is to say. The CLI exits 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code = 'failed';
}
