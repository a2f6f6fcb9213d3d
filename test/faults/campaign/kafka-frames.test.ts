import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameSplitter, withProxyPort } from './kafka-frames.ts';

const frame = (content: string) => {
  const bytes = Buffer.from(content);
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
};

test('FrameSplitter gives the same frames however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.integer({ min: 1, max: 20 })), (contents, cuts) => {
      const frames = contents.map(frame);
      const stream = Buffer.concat(frames);
      const splitter = new FrameSplitter();
      const found: Buffer[] = [];
      let at = 0;
      for (const size of [...cuts, stream.length]) {
        found.push(...splitter.push(stream.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(found, frames);
    }),
  );
});

test('withProxyPort() replaces the broker’s port in answers that name brokers, and in no others', () => {
  const address = { host: '127.0.0.1', port: 9092 };
  const port = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const answer = (value: number) =>
    Buffer.concat([Buffer.from('head'), Buffer.from([0, 9]), Buffer.from('127.0.0.1'), port(value)]);
  assert.deepEqual(withProxyPort(answer(9092), 3, address, 4000), answer(4000));
  assert.deepEqual(withProxyPort(answer(9092), 10, address, 4000), answer(4000));
  assert.deepEqual(withProxyPort(answer(9093), 3, address, 4000), answer(9093));
  assert.deepEqual(withProxyPort(answer(9092), 1, address, 4000), answer(9092));
});
