import type { ReadableRecord } from '#lib/kafka/readable-record.ts';

/** One line of a record for people. */
export function recordLine({ timestamp, partition, offset, value, error }: ReadableRecord): string {
  const place = `${timestamp.slice(11, 23)} ${partition}@${offset}`;
  if (error !== undefined) return `${place} cannot be read: ${error}`;
  if (value === null) return `${place} (tombstone)`;
  const { kind, name, ...rest } = value;
  const head = [kind, name].filter((text) => text !== undefined).join(' ');
  const fields = Object.entries(rest)
    .filter(([field]) => field !== 'received_at' && field !== 'type')
    .map(([field, content]) => `${field}=${typeof content === 'string' ? content : JSON.stringify(content)}`);
  return [place, head, ...fields].filter((text) => text !== '').join(' ');
}
