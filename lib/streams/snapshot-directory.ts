import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSnapshot, encodeSnapshot, type Snapshot, type SnapshotHeader } from './snapshot.ts';

/** Snapshots in a directory, a file for each group, topic and partition, replaced in one step. */
export class SnapshotDirectory {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The snapshot of a partition; undefined where there is none. Throws Error where it is not whole. */
  async read(groupId: string, topic: string, partition: number): Promise<Snapshot | undefined> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#path(groupId, topic, partition));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return decodeSnapshot(bytes);
  }

  async write(header: SnapshotHeader, state: readonly Uint8Array[]): Promise<void> {
    const path = this.#path(header.groupId, header.topic, header.partition);
    const next = `${path}.${process.pid}`;
    await mkdir(this.#directory, { recursive: true });
    await writeFile(next, encodeSnapshot(header, state));
    await rename(next, path);
  }

  async remove(groupId: string, topic: string, partition: number): Promise<void> {
    await rm(this.#path(groupId, topic, partition), { force: true });
  }

  #path(groupId: string, topic: string, partition: number): string {
    return join(this.#directory, `${groupId}.${topic}-${partition}.snapshot`);
  }
}
