/** A question in its written form: what files, the command line and the API have too. */
export type Written = Readonly<Record<string, unknown>>;

/** The question that the page's address holds; undefined where it holds none that can be read. */
export function questionOfUrl(search: string): Written | undefined {
  const text = new URLSearchParams(search).get('q');
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Written)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Puts a question into the page's address, so that it can be shared, and gone back to. */
export function keepInUrl(question: Written): void {
  const url = new URL(location.href);
  const text = JSON.stringify(question);
  if (url.searchParams.get('q') === text) return;
  url.searchParams.set('q', text);
  history.pushState(null, '', url);
}
