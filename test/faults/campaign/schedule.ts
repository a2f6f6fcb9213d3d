import type { Random } from '../../../cli/demo/random.ts';
import { SERVERS, type Server } from './campaign-stack.ts';
import { type Blow, describePoint, type FaultPoint } from './fault-point.ts';
import { blowsAt, POINTS } from './named-points.ts';
import { SERVICES, type ServiceName } from './service-instance.ts';

export type Target = ServiceName | Server;

/** Something bad, and when it begins: milliseconds since the round began. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'kill'; readonly target: Target }
  | { readonly kind: 'pause'; readonly target: Target; readonly forMs: number }
  | {
      readonly kind: 'cut' | 'refuse' | 'freeze';
      readonly from: ServiceName;
      readonly to: Server;
      readonly forMs: number;
    }
  | {
      readonly kind: 'delay';
      readonly from: ServiceName;
      readonly to: Server;
      readonly byMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'scale'; readonly service: ServiceName; readonly to: number }
  | {
      readonly kind: 'point';
      readonly point: FaultPoint;
      readonly blow: Blow;
      readonly serverDiesAfterMs: number;
    }
);

const ROUND_MS = 15_000;
const FAULTS = 8;

/** The faults of a round, in the order of time. The same random numbers give the same faults. */
export function drawSchedule(random: Random): readonly Fault[] {
  const count = random.int(3, FAULTS);
  return Array.from({ length: count }, () => drawFault(random, random.int(0, ROUND_MS))).sort(
    (a, b) => a.atMs - b.atMs,
  );
}

function drawFault(random: Random, atMs: number): Fault {
  return random.weighted<() => Fault>([
    [() => ({ atMs, kind: 'kill', target: drawTarget(random) }), 3],
    [() => ({ atMs, kind: 'pause', target: drawTarget(random), forMs: drawPauseMs(random) }), 3],
    [() => drawConnectionFault(random, atMs), 4],
    [() => ({ atMs, kind: 'scale', service: random.pick(SERVICES), to: random.int(1, 3) }), 3],
    [() => drawPointFault(random, atMs), 8],
  ])();
}

function drawTarget(random: Random): Target {
  return random.pick<Target>([...SERVICES, ...SERVERS]);
}

/** A moment, or long enough for a group to go on without a member. */
function drawPauseMs(random: Random): number {
  return random.chance(0.5) ? random.int(200, 3000) : random.int(7000, 10_000);
}

function drawConnectionFault(random: Random, atMs: number): Fault {
  const from = random.pick(SERVICES);
  const to = from === 'loader' && random.chance(0.5) ? 'clickhouse' : 'kafka';
  const kind = random.pick(['cut', 'refuse', 'freeze', 'delay'] as const);
  if (kind === 'delay')
    return { atMs, kind, from, to, byMs: random.int(20, 500), forMs: random.int(1000, 5000) };
  return { atMs, kind, from, to, forMs: kind === 'cut' ? 0 : random.int(500, 8000) };
}

function drawPointFault(random: Random, atMs: number): Fault {
  const point = random.pick(POINTS);
  const blow = random.pick(blowsAt(point));
  return { atMs, kind: 'point', point, blow, serverDiesAfterMs: random.int(0, 30) };
}

/** A fault in words. */
export function describeFault(fault: Fault): string {
  const at = `${(fault.atMs / 1000).toFixed(1).padStart(5)} s  `;
  switch (fault.kind) {
    case 'kill':
      return `${at}kill ${fault.target}`;
    case 'pause':
      return `${at}pause ${fault.target} for ${fault.forMs} ms`;
    case 'cut':
      return `${at}cut ${fault.from} from ${fault.to}`;
    case 'refuse':
    case 'freeze':
      return `${at}${fault.kind} connections of ${fault.from} to ${fault.to} for ${fault.forMs} ms`;
    case 'delay':
      return `${at}delay ${fault.from} to ${fault.to} by ${fault.byMs} ms for ${fault.forMs} ms`;
    case 'scale':
      return `${at}scale ${fault.service} to ${fault.to}`;
    case 'point':
      return `${at}${describePoint(fault.point, fault.blow)}`;
  }
}
