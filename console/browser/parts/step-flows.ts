import type { PathsAnswer } from '#queries/answer/paths-answer.ts';

export type Flows = {
  /** An event at one place of the paths. */
  readonly nodes: readonly { readonly id: string; readonly name: string; readonly depth: number }[];
  readonly links: readonly { readonly source: string; readonly target: string; readonly value: number }[];
};

/** Paths as flows from step to step: the same event at another place is another node, so that nothing flows back. */
export function stepFlows({
  paths,
  depth,
  direction,
}: Pick<PathsAnswer, 'paths' | 'depth' | 'direction'>): Flows {
  const nodes = new Map<string, Flows['nodes'][number]>();
  const links = new Map<string, { source: string; target: string; value: number }>();
  for (const { steps, paths: times } of paths) {
    // Backward paths are aligned at their end, which is the point.
    const offset = direction === 'before' ? depth + 1 - steps.length : 0;
    const ids = steps.map((name, index) => {
      const id = `${index + offset} ${name}`;
      nodes.set(id, { id, name, depth: index + offset });
      return id;
    });
    for (const [index, source] of ids.slice(0, -1).entries()) {
      const target = ids[index + 1] as string;
      const key = JSON.stringify([source, target]);
      const link = links.get(key);
      if (link === undefined) links.set(key, { source, target, value: times });
      else link.value += times;
    }
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}
