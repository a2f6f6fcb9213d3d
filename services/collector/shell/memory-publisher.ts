import { UnavailableError } from '#lib/errors.ts';
import type { Publisher } from './publisher.ts';
import type { LogRecord } from './record-encoder.ts';

/** A log in memory, for tests of what stands before it: keeps what was published, or refuses on request. */
export class MemoryPublisher implements Publisher {
  readonly records: LogRecord[] = [];
  /** Why it takes nothing; empty = it does. */
  refusal = '';

  publish(records: readonly LogRecord[]): Promise<void> {
    if (this.refusal !== '') {
      return Promise.reject(new UnavailableError(`Cannot publish to events.collected: ${this.refusal}`));
    }
    this.records.push(...records);
    return Promise.resolve();
  }

  notReady(): string {
    return this.refusal;
  }
}
