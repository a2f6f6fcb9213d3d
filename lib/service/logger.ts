import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * Logger of a service: JSON lines on stderr, so that stdout stays free for a command's answer.
 * Levels by consequence: info = started, assigned, stopped; warn = surprising, nothing lost;
 * error = data lost or a person must act.
 */
export function createLogger(service: string, level: string): Logger {
  return pino(
    {
      base: { service },
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Keeps a cause beside the message; the default writes it into the message, where ours has it already.
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
