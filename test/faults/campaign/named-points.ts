import type { Blow, FaultPoint } from './fault-point.ts';
import type { KafkaApi } from './kafka-frames.ts';
import { SERVICES } from './service-instance.ts';

/** Requests of a transactional stage, in the order of its protocol. */
const TRANSACTION: readonly KafkaApi[] = [
  'InitProducerId',
  'AddPartitionsToTxn',
  'Produce',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
];

/** The loader commits what it will insert, inserts it, and commits past it. */
const LOADING = [
  'OffsetFetch',
  'OffsetCommit',
  'insert events',
  'insert sessions',
  'insert user_migrations',
  'insert user_properties',
] as const;

const both = ['before', 'after'] as const;

/** Every named point of the protocols. */
export const POINTS: readonly FaultPoint[] = [
  ...both.map((when) => ({ service: 'collector', request: 'Produce', when }) as const),
  ...(['identity-merger', 'sessionizer'] as const).flatMap((service) =>
    TRANSACTION.flatMap((request) => both.map((when) => ({ service, request, when }))),
  ),
  ...LOADING.flatMap((request) => both.map((when) => ({ service: 'loader', request, when }) as const)),
];

/** Blows that mean something at a point. */
export function blowsAt({ service, when }: FaultPoint): readonly Blow[] {
  const always: readonly Blow[] = ['kill', 'cut'];
  // A collector is in no group: that it stands still is a fault of the random part.
  const zombie: readonly Blow[] = service === 'collector' ? [] : ['zombie'];
  const before: readonly Blow[] = when === 'before' ? ['late', 'kill server'] : [];
  return [...always, ...zombie, ...before];
}

export type Strike = { readonly point: FaultPoint; readonly blow: Blow };

/** Requests that a service makes only when it has been given partitions, as after it died. */
const OPENING: ReadonlySet<string> = new Set(['InitProducerId', 'OffsetFetch']);

/** After these the servers know something new of what the service was about. */
const DEATHS: ReadonlySet<string> = new Set([
  'Produce',
  'TxnOffsetCommit',
  'EndTxn',
  'OffsetCommit',
  'insert events',
  'insert user_migrations',
]);

/** Where a service that was given up does the most harm when it wakes. */
const ZOMBIES: ReadonlySet<string> = new Set([
  'identity-merger before EndTxn',
  'sessionizer before Produce',
  'loader before insert events',
]);

/** Strikes at one service, each made as soon as the one before it is over. */
export type Series = readonly Strike[];

/**
 * Strikes at the named points: first all that leave the service alive, then deaths, then zombies. The series of a
 * step are made side by side, one at each service; a step ends with the longest, so that services that wait for
 * their groups do it together.
 *
 * Before a request the server knows what it knew after the request before it, so services die after requests, and
 * lose connections on either side of them.
 */
export function namedSteps(): readonly (readonly Series[])[] {
  const series = SERVICES.map((service) => {
    const points = POINTS.filter((point) => point.service === service);
    return [harmless(points), ...deaths(points), strikes(points, 'zombie', isZombie)];
  });
  const longest = Math.max(...series.map(({ length }) => length));
  return Array.from({ length: longest }, (_, step) => series.map((own) => own[step] ?? []));
}

const isOpening = ({ request }: FaultPoint) => OPENING.has(request);
const isZombie = ({ service, when, request }: FaultPoint) => ZOMBIES.has(`${service} ${when} ${request}`);

function harmless(points: readonly FaultPoint[]): Series {
  const isRunning = (point: FaultPoint) => !isOpening(point);
  return [...strikes(points, 'cut', isRunning), ...strikes(points, 'late', isRunning)];
}

/** Each death is followed by strikes at the opening of partitions that comes after it. */
function deaths(points: readonly FaultPoint[]): readonly Series[] {
  const kills = strikes(points, 'kill', ({ when, request }) => when === 'after' && DEATHS.has(request));
  const at = (blow: Blow, when: FaultPoint['when']) =>
    strikes(points, blow, (point) => isOpening(point) && point.when === when);
  const openings = [
    at('cut', 'before'),
    at('late', 'before'),
    [...at('kill', 'after'), ...at('cut', 'after')],
  ];
  return openings.map((opening, index) => [...kills.slice(index, index + 1), ...opening]);
}

function strikes(
  points: readonly FaultPoint[],
  blow: Blow,
  isWanted: (point: FaultPoint) => boolean,
): Strike[] {
  return points
    .filter((point) => isWanted(point) && blowsAt(point).includes(blow))
    .map((point) => ({ point, blow }));
}
