import { canonicalUserId } from '#schemas/ids.ts';
import type { Block } from '#schemas/types.ts';
import { CommandError } from '../usage-error.ts';
import { isInForce } from './generation-log.ts';
import { requireLive, type Workplace } from './open-workplace.ts';
import { nextNumber, unfinishedOf } from './unfinished.ts';

export type BlockChange = {
  readonly block: Block;
  /** First generation that heeds the change: none that exists. */
  readonly next: number;
  /** Generation that a replay is building without it; undefined where there is none. */
  readonly building: number | undefined;
};

type Person = { readonly environment: number; readonly identity: string };

/** Blocks that were ever written, with whether the live generation honours them. */
export async function listBlocks({
  clickhouse,
  log,
}: Workplace): Promise<readonly (Block & { inForce: boolean })[]> {
  const [live] = await requireLive(clickhouse);
  const blocks = await log.blocks();
  return blocks
    .map((block) => ({ ...block, inForce: isInForce(block, live.generation) }))
    .sort((left, right) => left.blocked_at - right.blocked_at);
}

/** Has an identity bind nothing from the next generation on. Throws CommandError where it is blocked already. */
export async function blockIdentity(
  place: Workplace,
  { environment, identity, reason }: Person & { readonly reason: string },
): Promise<BlockChange> {
  const { next, building, standing } = await standOf(place, environment, identity);
  if (standing !== undefined) {
    throw new CommandError(
      `${JSON.stringify(identity)} is blocked already, from generation ${standing.from_generation} on`,
    );
  }
  const block: Block = {
    environment,
    user_id: canonicalUserId(environment, identity),
    identity,
    from_generation: next,
    until_generation: 0,
    blocked_at: Date.now(),
    reason,
  };
  await place.log.writeBlock(block);
  return { block, next, building };
}

/** Lets an identity bind again from the next generation on. Throws CommandError where it is not blocked. */
export async function unblockIdentity(
  place: Workplace,
  { environment, identity }: Person,
): Promise<BlockChange> {
  const { next, building, standing } = await standOf(place, environment, identity);
  if (standing === undefined) throw new CommandError(`${JSON.stringify(identity)} is not blocked`);
  // Generations that honour it go on to: their state must stay what a restart would make of it.
  const block = { ...standing, until_generation: next };
  await place.log.writeBlock(block);
  return { block, next, building };
}

async function standOf({ clickhouse, kafka, log }: Workplace, environment: number, identity: string) {
  const switched = (await requireLive(clickhouse)).map(({ generation }) => generation);
  const known = await log.generations();
  const next = nextNumber(known, switched, await kafka.admin.listTopics());
  const [unfinished] = unfinishedOf(known, switched);
  const userId = canonicalUserId(environment, identity);
  const standing = (await log.blocks()).find(
    (block) => block.environment === environment && block.user_id === userId && isInForce(block, next),
  );
  return { next, building: unfinished?.generation, standing };
}
