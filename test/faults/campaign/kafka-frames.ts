/** Requests of Kafka's protocol that faults are aimed at, by their API key. */
export const KAFKA_APIS = {
  Produce: 0,
  OffsetCommit: 8,
  OffsetFetch: 9,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
} as const;
export type KafkaApi = keyof typeof KAFKA_APIS;

/** Requests whose answers name brokers' addresses. */
const NAMES_BROKERS: ReadonlySet<number> = new Set([3, 10]);

const SIZE_BYTES = 4;

/** Cuts a stream into frames: four bytes of size, then so many bytes. Each comes out whole, its size included. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    while (rest.length >= SIZE_BYTES) {
      const size = SIZE_BYTES + rest.readInt32BE(0);
      if (rest.length < size) break;
      frames.push(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
    this.#rest = rest;
    return frames;
  }
}

/** The beginning of every request. */
export function requestHeader(frame: Buffer): { apiKey: number; correlationId: number } {
  return { apiKey: frame.readInt16BE(4), correlationId: frame.readInt32BE(8) };
}

/** The beginning of every answer. */
export function correlationIdOf(answer: Buffer): number {
  return answer.readInt32BE(4);
}

/**
 * An answer with the broker's port replaced by a proxy's, so that the client comes through the proxy again. An
 * address is a string (two bytes of length) and four bytes of port; their sizes do not change.
 */
export function withProxyPort(answer: Buffer, apiKey: number, address: Address, proxyPort: number): Buffer {
  if (!NAMES_BROKERS.has(apiKey)) return answer;
  const place = Buffer.alloc(2 + address.host.length + 4);
  place.writeUInt16BE(address.host.length);
  place.write(address.host, 2);
  place.writeInt32BE(address.port, 2 + address.host.length);
  const changed = Buffer.from(answer);
  for (let at = changed.indexOf(place); at >= 0; at = changed.indexOf(place, at + place.length)) {
    changed.writeInt32BE(proxyPort, at + place.length - 4);
  }
  return changed;
}

export type Address = { readonly host: string; readonly port: number };
