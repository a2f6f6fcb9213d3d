/** A stretch of offsets, the end not included. */
export type Stretch = { readonly from: bigint; readonly to: bigint };

/**
 * Stretches that together cover all offsets from `start` on as far as possible, without a hole; empty where none
 * holds `start`. They may overlap, since two processes may have cut them.
 */
export function chainFrom<S extends Stretch>(stretches: readonly S[], start: bigint): readonly S[] {
  const chain: S[] = [];
  let covered = start;
  for (;;) {
    const next = stretches
      .filter(({ from, to }) => from <= covered && to > covered)
      .reduce<S | undefined>(
        (best, each) => (best === undefined || each.to > best.to ? each : best),
        undefined,
      );
    if (next === undefined) return chain;
    chain.push(next);
    covered = next.to;
  }
}
