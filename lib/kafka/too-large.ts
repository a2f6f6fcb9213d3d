/**
 * Whether a broker refused a batch for its size. A sealed revision of the log refuses every batch so: its
 * `max.message.bytes` is below that of any record.
 */
export function isTooLarge(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ((error as { type?: string }).type === 'MESSAGE_TOO_LARGE') return true;
  return error.cause !== error && isTooLarge(error.cause);
}
