/** Numbers by section and label: what the truth says and what the pipeline says have the same shape. */
export type Figures = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** One line of the comparison. */
export type Line = {
  readonly section: string;
  readonly label: string;
  readonly expected: number;
  readonly actual: number;
  readonly ok: boolean;
};

export type Comparison = {
  readonly expected: Figures;
  readonly actual: Figures;
  /** What was found before the run began, taken off what is found now. */
  readonly before?: Figures | undefined;
  /** How much more than expected may be found: only requests that had to be repeated give any. */
  readonly slack?: Figures | undefined;
};

/** Sets both sides next to each other; a figure that one side lacks is 0 there. */
export function compareFigures({ expected, actual, before, slack }: Comparison): Line[] {
  const sections = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...sections].flatMap((section) => {
    const wanted = expected[section] ?? {};
    const labels = new Set([...Object.keys(wanted), ...Object.keys(actual[section] ?? {})]);
    return [...labels].flatMap((label) => {
      const want = wanted[label] ?? 0;
      const found = (actual[section]?.[label] ?? 0) - (before?.[section]?.[label] ?? 0);
      if (found === 0 && !Object.hasOwn(wanted, label)) return [];
      const ok = found >= want && found <= want + (slack?.[section]?.[label] ?? 0);
      return [{ section, label, expected: want, actual: found, ok }];
    });
  });
}
