/** An answer that is not 200, thrown on the way of a request and written by the server's error handler. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  /** Seconds after which the client may try again. */
  readonly retryAfterS: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterS?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

export function overloaded(): HttpError {
  return new HttpError(
    503,
    'overloaded',
    'Cannot accept the request: too many bytes are in flight; send it again',
    1,
  );
}

export function bodyTooLarge(maxBytes: number): HttpError {
  return new HttpError(
    413,
    'body_too_large',
    `Cannot accept the request: want a body of at most ${maxBytes} bytes`,
  );
}
