/** Errors of kafkajs that no waiting mends: the broker or the program is another than it must be. */
const LASTING = new Set([
  'KafkaJSInvariantViolation',
  'KafkaJSNotImplemented',
  'KafkaJSSASLAuthenticationError',
  'KafkaJSServerDoesNotSupportApiKey',
  'KafkaJSUnsupportedMagicByteInMessageSet',
]);

/** Whether an error that kafkajs gave up for, and all it came from, are Kafka's and may be gone the next time. */
export function isPassing(error: Error): boolean {
  const { name, cause } = error;
  if (!name.startsWith('KafkaJS') || LASTING.has(name)) return false;
  return !(cause instanceof Error) || cause === error || isPassing(cause);
}
