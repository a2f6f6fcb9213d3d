import type { IncomingMessage } from 'node:http';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { bodyTooLarge, HttpError, overloaded } from './http-error.ts';
import type { Share } from './memory-budget.ts';

/** What a request costs besides its body: socket, parser and objects, roughly. */
export const REQUEST_BYTES = 4096;

/**
 * Reads a request's body and inflates it where it is compressed. Throws HttpError: 413 over the limit, which
 * counts inflated bytes, 503 where memory has no room, 400 where the encoding is unknown or broken.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, share: Share): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw bodyTooLarge(maxBytes);
  if (!share.hold(REQUEST_BYTES + announced)) throw overloaded();
  const body = await collect(request, announced, maxBytes, share);
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return body;
  const inflated = decompress(encoding, body, maxBytes);
  if (!share.hold(REQUEST_BYTES + inflated.length)) throw overloaded();
  return inflated;
}

function collect(
  request: IncomingMessage,
  announced: number,
  maxBytes: number,
  share: Share,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) stop(bodyTooLarge(maxBytes));
      else if (bytes > announced && !share.hold(REQUEST_BYTES + bytes)) stop(overloaded());
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)));
    request.on('error', () => stop(aborted()));
    request.on('close', () => {
      if (!request.readableEnded) stop(aborted());
    });

    function stop(error: HttpError): void {
      request.removeAllListeners('data');
      chunks.length = 0;
      // The rest is read and thrown away, so that the client gets to read the answer.
      request.resume();
      reject(error);
    }
  });
}

/** One at a time and blocking, so that no more than one inflated body exists that is not accounted for. */
const DECOMPRESSORS = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

function decompress(encoding: string, body: Buffer, maxBytes: number): Buffer {
  const decompressor = Object.hasOwn(DECOMPRESSORS, encoding)
    ? DECOMPRESSORS[encoding as keyof typeof DECOMPRESSORS]
    : undefined;
  if (decompressor === undefined) {
    throw new HttpError(
      400,
      'unsupported_encoding',
      `Cannot read the body: want Content-Encoding gzip, deflate or br, current value is ${encoding.slice(0, 80)}`,
    );
  }
  try {
    return decompressor(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(maxBytes);
    throw new HttpError(400, 'malformed_encoding', `Cannot read the body: it is not valid ${encoding}`);
  }
}

function aborted(): HttpError {
  return new HttpError(400, 'aborted', 'Cannot read the body: the client went away');
}
