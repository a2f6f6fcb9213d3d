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

/** Sets both sides next to each other; a figure that one side lacks is 0 there. `before` is taken off what was found. */
export function compareFigures(expected: Figures, actual: Figures, before: Figures = {}): Line[] {
  const sections = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...sections].flatMap((section) => {
    const labels = new Set([...Object.keys(expected[section] ?? {}), ...Object.keys(actual[section] ?? {})]);
    return [...labels].map((label) => {
      const want = expected[section]?.[label] ?? 0;
      const found = (actual[section]?.[label] ?? 0) - (before[section]?.[label] ?? 0);
      return { section, label, expected: want, actual: found, ok: want === found };
    });
  });
}
