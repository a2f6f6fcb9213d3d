/** Readers of settings: each throws an Error saying what was wanted. */

export function text(value: string): string {
  return value;
}

/** Whole number within bounds, both inclusive. */
export function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new Error(`want a whole number from ${min} to ${max}`);
    }
    return number;
  };
}

/** Network port; 0 picks a free one. */
export const port: (value: string) => number = integer(0, 65535);

export function oneOf<const T extends string>(...allowed: readonly T[]): (value: string) => T {
  return (value) => {
    if (!allowed.includes(value as T)) throw new Error(`want one of ${allowed.join(', ')}`);
    return value as T;
  };
}

/** Address of an HTTP server. */
export function url(value: string): string {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
    throw new Error('want a URL such as http://localhost:8123');
  return value;
}

/** Comma-separated `host:port` list. */
export function brokers(value: string): readonly string[] {
  const list = value.split(',').map((entry) => entry.trim());
  if (!list.every((entry) => /^[^:\s]+:\d+$/.test(entry))) throw new Error('want host:port, comma-separated');
  return list;
}
