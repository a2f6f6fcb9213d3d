const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** Milliseconds of a duration such as `30m`, `12h`, `7d` or `1h30m`. Throws an Error saying what was wanted. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new Error('want a duration such as 30m, 12h or 7d');
  return Math.round(
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0),
  );
}

/** A duration within bounds, both inclusive, kept as its text. */
export function duration(min: string, max: string): (value: string) => string {
  return (value) => {
    const ms = durationMs(value);
    if (ms < durationMs(min) || ms > durationMs(max))
      throw new Error(`want a duration from ${min} to ${max}`);
    return value;
  };
}
