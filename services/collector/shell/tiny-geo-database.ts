/**
 * A MaxMind database of one answer, for tests: 0.0.0.0/1 lies in one city, 128.0.0.0/1 nowhere.
 *
 *   search tree      one node of two 24-bit records
 *   separator        16 zero bytes
 *   data section     the answer
 *   metadata         after the marker
 *
 * https://maxmind.github.io/MaxMind-DB/
 */
export function tinyGeoDatabase(answer: object): Buffer {
  const nodeCount = 1;
  const answerAt = nodeCount + 16;
  const metadata = encoded({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: 'Test-City',
    description: { en: 'One city' },
    ip_version: 4,
    languages: ['en'],
    node_count: nodeCount,
    record_size: 24,
  });
  const tree = Buffer.from([0, 0, answerAt, 0, 0, nodeCount]);
  return Buffer.concat([tree, Buffer.alloc(16), encoded(answer), MARKER, metadata]);
}

const MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');

const TYPE = { string: 2, uint32: 6, map: 7, array: 11 } as const;

function encoded(value: unknown): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(TYPE.string, value.length), Buffer.from(value)]);
  if (typeof value === 'number') return Buffer.concat([control(TYPE.uint32, 1), Buffer.from([value])]);
  if (Array.isArray(value)) return Buffer.concat([control(TYPE.array, value.length), ...value.map(encoded)]);
  const entries = Object.entries(value as object);
  return Buffer.concat([control(TYPE.map, entries.length), ...entries.flat().map(encoded)]);
}

/** Type in the upper three bits, or as 0 and a second byte; size, below 29, in the lower five. */
function control(type: number, size: number): Buffer {
  return type <= 7 ? Buffer.from([(type << 5) | size]) : Buffer.from([size, type - 7]);
}
