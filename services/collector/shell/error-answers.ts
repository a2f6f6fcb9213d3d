/** Every answer that is not a success is JSON with `error` and `message`, and says nothing of our inside. */
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { UnavailableError } from '#lib/errors.ts';
import { HttpError } from './http-error.ts';

const ALLOWED: Readonly<Record<string, string>> = {
  '/healthz': 'GET, HEAD',
  '/readyz': 'GET, HEAD',
  '/metrics': 'GET, HEAD',
  '/v1/capture': 'POST, OPTIONS',
};

const RETRY_UNAVAILABLE_S = 5;

export function answerError(error: Error, reply: FastifyReply): FastifyReply {
  if (error instanceof HttpError) {
    if (error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS));
    return reply.code(error.status).send({ error: error.code, message: error.message });
  }
  if (error instanceof UnavailableError) {
    reply.header('retry-after', String(RETRY_UNAVAILABLE_S));
    return reply.code(503).send({ error: 'unavailable', message: error.message });
  }
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return reply
      .code(statusCode)
      .send({ error: 'bad_request', message: `Cannot read the request: ${error.message}` });
  }
  return reply
    .code(500)
    .send({ error: 'internal', message: 'Cannot answer the request: an error of the collector' });
}

/** 405 where the path exists with another method, else 404. */
export function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.replace(/\?.*$/, '').replace(/(?<=.)\/$/, '');
  const allowed =
    ALLOWED[path] ?? (request.server.hasRoute({ method: 'POST', url: path }) ? 'POST' : undefined);
  if (allowed === undefined) {
    return reply
      .code(404)
      .send({ error: 'not_found', message: `Cannot find ${request.method} ${path.slice(0, 200)}` });
  }
  return reply
    .code(405)
    .header('allow', allowed)
    .send({
      error: 'method_not_allowed',
      message: `Cannot ${request.method} ${path}: want ${allowed}`,
    });
}

const CONNECTION_ERRORS: Readonly<Record<string, readonly [number, string, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    'Request Timeout',
    'timeout',
    'Cannot read the request: it took too long to arrive',
  ],
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    'headers_too_large',
    'Cannot read the request: its headers are too large',
  ],
};

/** Answers a connection whose request never became one. */
export function answerBrokenConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason, code, message] = CONNECTION_ERRORS[error.code ?? ''] ?? [
    400,
    'Bad Request',
    'bad_request',
    'Cannot read the request: it is not valid HTTP',
  ];
  const body = JSON.stringify({ error: code, message });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
