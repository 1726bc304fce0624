/** Logs as JSON, one event a line, to standard error, without secrets. */
import { destination, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

// A secret that slips into a logged object must not reach the log: the names it could have, two levels deep.
const secretNames = [
  'password',
  'keyPassphrase',
  'keyPassphras',
  'authorization',
  'cookie',
  'privateKey',
  'secret',
];

/** A logger for one service. `level` as in the setting LOG_LEVEL. */
export function createLogger(service: string, level: LogLevel): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[secret]',
      },
    },
    destination({ fd: 2, sync: true }),
  );
}

/** For the audit trail: writes at info whatever LOG_LEVEL says, except silent. */
export function auditLogger(log: Logger): Logger {
  return log.level === 'silent' ? log : log.child({}, { level: 'info' });
}
