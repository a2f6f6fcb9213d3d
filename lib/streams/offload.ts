import type { Logger } from '#lib/service/logger.ts';
import type { StageTopic } from '#schemas/topics.ts';

/** Where a part of a task's state belongs, and what is committed and published there. */
export type OffloadPlace = {
  readonly clusterId: string;
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** Committed offset of the input. */
  readonly position: bigint;
  readonly streamTimeMs: number;
  /** The restored topic: its offsets, and from which of them on a fold begins. */
  readonly restored: { readonly start: bigint; readonly end: bigint; readonly from: bigint };
  readonly log: Logger;
};

/**
 * Takes a part of a stage's state out of memory. What it holds is a copy of a fold over one restored topic, good for a
 * stretch of offsets that it knows; whatever speaks against it, it is thrown away and folded again.
 */
export type Offload<State> = {
  readonly topic: StageTopic;
  open(place: OffloadPlace, heartbeat: () => Promise<void>): Promise<OpenOffload<State>>;
};

export type OffloadTime = {
  /** Offset of the restored topic up to which the state is its fold. */
  readonly end: bigint;
  /** Committed offset of the input. */
  readonly position: bigint;
  /** No record before `end` is younger than this. Epoch ms. */
  readonly throughMs: number;
};

export type OpenOffload<State> = {
  /** Offset of the restored topic before which it knows everything that still counts. */
  readonly end: bigint;
  /** Lets a state look into it. Before the state is used. */
  attach(state: State): void;
  /** Takes over what memory should not keep. Only of a state whose every change is committed. */
  settle(state: State, at: OffloadTime, heartbeat: () => Promise<void>): Promise<void>;
  close(): void;
};
