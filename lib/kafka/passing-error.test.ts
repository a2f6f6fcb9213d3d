import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPassing } from './passing-error.ts';

/** An error as kafkajs gives it. */
function errorOf(name: string, cause?: Error): Error {
  return Object.assign(new Error('x', { cause }), { name });
}

test('isPassing() holds an error for passing where it and all it came from are Kafka’s', () => {
  assert.equal(isPassing(errorOf('KafkaJSGroupCoordinatorNotFound')), true);
  assert.equal(
    isPassing(errorOf('KafkaJSNonRetriableError', errorOf('KafkaJSGroupCoordinatorNotFound'))),
    true,
  );
  assert.equal(isPassing(errorOf('KafkaJSConnectionClosedError')), true);
});

test('isPassing() holds a bug, and a broker that is not what it must be, for lasting', () => {
  assert.equal(isPassing(new TypeError('x')), false);
  assert.equal(isPassing(errorOf('KafkaJSNonRetriableError', new TypeError('x'))), false);
  assert.equal(
    isPassing(errorOf('KafkaJSNonRetriableError', errorOf('KafkaJSSASLAuthenticationError'))),
    false,
  );
});
