/** `12 345`, with thin spaces. */
export function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** Share of a whole, `12.3 %`; empty where there is no whole. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)}\u2009%`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** A duration in its two largest units: `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const first = UNITS.findIndex(([, length]) => ms >= length);
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, length] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}

/** How long ago, for people: `now`, `5 min ago`, `3 d ago`. */
export function ago(thenMs: number, nowMs: number): string {
  const ms = nowMs - thenMs;
  if (ms < 60_000) return ms < 10_000 ? 'now' : `${Math.floor(ms / 1000)} s ago`;
  const [unit, length] = UNITS.find(([, one]) => ms >= one) ?? UNITS[2];
  return `${Math.floor(ms / length)} ${unit} ago`;
}

/** `2026-03-01 12:34:56`, UTC. */
export function timeText(time: string | number | null): string {
  if (time === null) return '–';
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

/** `12:34:56.789`, UTC. */
export function clockText(time: string): string {
  return time.slice(11, 23);
}

/** A value of a property on one line. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
