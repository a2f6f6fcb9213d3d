/** An answer that is an error, in the console's own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The environment the page is about. */
export function environment(): string {
  return document.getElementById('main')?.dataset['environment'] ?? '';
}

/** Address of an endpoint with its parameters; empty ones are left out. */
export function apiUrl(path: string, params: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ env: environment() });
  for (const [name, value] of Object.entries(params)) if (value !== '') query.set(name, value);
  return `/api/${path}?${query}`;
}

/** Asks the console. Throws ApiError; goes to the login where nobody is logged in. */
export async function ask<T>(
  path: string,
  params: Readonly<Record<string, string>> = {},
  options: { readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const { body, signal } = options;
  const response = await fetch(apiUrl(path, params), {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((cause: Error) => {
    if (cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', 'The console does not answer: is it still running?');
  });
  if (response.ok) return (await response.json()) as T;
  const { error } = (await response.json().catch(() => ({}))) as {
    error?: { code: string; message: string };
  };
  if (response.status === 401) logIn();
  throw new ApiError(
    response.status,
    error?.code ?? 'failed',
    error?.message ?? `The console answered ${response.status}`,
  );
}

/** Leaves for the login, and comes back afterwards. */
export function logIn(): void {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
