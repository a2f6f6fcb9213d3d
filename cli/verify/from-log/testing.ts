import type { ReadRecord } from '#lib/streams/fold-chunk.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { recordKey } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';

export const T0: number = Date.UTC(2026, 0, 1);

/** A log of one partition, by hand: each record is received a second after the one before. */
export function handMadeLog(inputs: readonly (Partial<Collected> | Buffer)[], partition = 0): ReadRecord[] {
  return inputs.map((input, at) => {
    const receivedMs = T0 + at * 1000;
    const fields = Buffer.isBuffer(input) ? {} : input;
    const device = fields.device_id ?? 1;
    const value = Buffer.isBuffer(input)
      ? input
      : collectedCodec.encode({
          kind: 'event',
          environment: 1,
          device_id: device,
          user_id: device,
          event_id: 1000 * (partition + 1) + at,
          time: receivedMs,
          received_at: receivedMs,
          source: 'web',
          type: 'click',
          name: 'click',
          ...fields,
        });
    const offset = BigInt(at);
    return {
      key: recordKey(fields.environment ?? 1, device),
      value,
      timestampMs: fields.received_at ?? receivedMs,
      offset,
      origin: { topic: 'events.collected', partition, offset },
    };
  });
}
