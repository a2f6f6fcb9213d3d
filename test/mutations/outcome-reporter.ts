import type { TestEvent } from 'node:test/reporters';

/** What the check reads of a test that has ended: a line of JSON each. */
export type EndedTest = {
  readonly name: string;
  readonly passed: boolean;
  /** The test itself did not run, because a hook before it failed. */
  readonly hookFailed: boolean;
  readonly message: string;
};

/** A reporter of node:test. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, details, skip } = event.data;
    if (skip !== undefined && skip !== false) continue;
    const error = event.type === 'test:fail' ? (event.data.details.error as unknown as Failure) : undefined;
    if (details.type === 'suite') continue;
    const ended: EndedTest = {
      name,
      passed: error === undefined,
      hookFailed: error?.failureType === 'hookFailed',
      message: (error?.cause?.message ?? error?.message ?? '').split('\n')[0] ?? '',
    };
    yield `${JSON.stringify(ended)}\n`;
  }
}

type Failure = { failureType?: string; message?: string; cause?: { message?: string } };
