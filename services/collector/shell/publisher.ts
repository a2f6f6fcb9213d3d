import type { LogRecord } from './record-encoder.ts';

/** Port to the log. */
export type Publisher = {
  /**
   * Resolves when every record is on disk on all replicas in sync. Throws UnavailableError where the log
   * cannot take them now; some of them may still be written then.
   */
  publish(records: readonly LogRecord[]): Promise<void>;
  /** Empty when the log takes records, else why not. */
  notReady(): string;
};
