import { whyUnusable } from './snapshot.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import type { TaskContext } from './task.ts';

/** Where a stage keeps snapshots, and the cluster they belong to. */
export type Snapshots = { readonly directory: SnapshotDirectory; readonly clusterId: string };

type Bounds = Readonly<Record<string, { readonly start: bigint; readonly end: bigint }>>;

/** State of a partition's snapshot and where its topics ended then; undefined, and the file gone, when in any doubt. */
export async function usableSnapshot<State>(
  { processor, snapshots, groupId, topic, log }: TaskContext<State>,
  partition: number,
  position: bigint,
  bounds: Bounds,
  offloaded?: bigint,
): Promise<{ state: State; ends: Readonly<Record<string, bigint>> } | undefined> {
  if (snapshots === undefined || processor.snapshot === undefined) return undefined;
  const { directory, clusterId } = snapshots;
  const { format, decode } = processor.snapshot;
  try {
    const found = await directory.read(groupId, topic, partition);
    if (found === undefined) return undefined;
    const reason = whyUnusable(found.header, {
      format,
      clusterId,
      groupId,
      topic,
      partition,
      position,
      bounds,
      offloaded,
    });
    if (reason === '') {
      const ends = Object.entries(found.header.ends).map(([name, end]) => [name, BigInt(end)] as const);
      return { state: decode(found.state), ends: Object.fromEntries(ends) };
    }
    log.info({ topic, partition, reason }, 'threw a snapshot away');
  } catch (error) {
    log.warn({ topic, partition, reason: (error as Error).message }, 'threw a snapshot away');
  }
  await directory.remove(groupId, topic, partition);
  return undefined;
}

/**
 * Copies a partition's state. Only between two transactions, when outputs and state say the same. `ends` is where the
 * restored topics ended for this task: asked of Kafka, they might be those of its successor.
 */
export async function saveSnapshot<State>(
  { processor, snapshots, groupId, topic, log }: TaskContext<State>,
  partition: number,
  at: {
    readonly position: bigint;
    readonly ends: Readonly<Record<string, bigint>>;
    readonly offloaded: bigint | undefined;
  },
  state: State,
): Promise<void> {
  if (snapshots === undefined || processor.snapshot === undefined) return;
  const { directory, clusterId } = snapshots;
  const { format, encode } = processor.snapshot;
  try {
    const header = {
      format,
      clusterId,
      groupId,
      topic,
      partition,
      position: String(at.position),
      ends: Object.fromEntries(Object.entries(at.ends).map(([name, end]) => [name, String(end)])),
      offloaded: at.offloaded === undefined ? undefined : String(at.offloaded),
    };
    await directory.write(header, encode(state));
  } catch (error) {
    // A snapshot only saves time.
    log.warn({ topic, partition, reason: (error as Error).message }, 'cannot write a snapshot');
  }
}
