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

/** Where a service that was given up does the most harm when it wakes. */
const ZOMBIES: ReadonlySet<string> = new Set([
  'before Produce',
  'before TxnOffsetCommit',
  'before EndTxn',
  'before OffsetCommit',
  'after OffsetCommit',
  'before insert events',
]);

/**
 * Strikes at the named points, grouped into steps: the strikes of a step are one at each of several services, and
 * are made at the same time. Before a request the server knows what it knew after the request before it, so
 * services die after each request, and lose connections on either side of it.
 */
export function namedSteps(): readonly (readonly Strike[])[] {
  const lanes = SERVICES.map((service) => laneOf(POINTS.filter((point) => point.service === service)));
  const longest = Math.max(...lanes.map((strikes) => strikes.length));
  return Array.from({ length: longest }, (_, step) => lanes.flatMap((strikes) => strikes[step] ?? []));
}

/** All strikes at one service. */
function laneOf(points: readonly FaultPoint[]): readonly Strike[] {
  const isOpening = ({ request }: FaultPoint) => OPENING.has(request);
  const strikes = (blow: Blow, wanted: (point: FaultPoint) => boolean): Strike[] =>
    points
      .filter((point) => wanted(point) && blowsAt(point).includes(blow))
      .map((point) => ({ point, blow }));
  const running = (['cut', 'late'] as const).flatMap((blow) => strikes(blow, (point) => !isOpening(point)));
  const kills = strikes('kill', (point) => !isOpening(point) && point.when === 'after');
  const openings = (['cut', 'late', 'kill'] as const).flatMap((blow) => strikes(blow, isOpening));
  // A service that died opens its partitions anew: the strikes at that follow its deaths.
  const deaths = kills.flatMap((kill, index) => [kill, ...openings.slice(index, index + 1)]);
  const zombies = strikes('zombie', ({ when, request }) => ZOMBIES.has(`${when} ${request}`));
  return [...running, ...deaths, ...zombies];
}
