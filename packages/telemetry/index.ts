export { auditLogger, createLogger, type Logger, type LogLevel, logLevels } from './logger.ts';
export { Counter, createRegistry, Gauge, Histogram, type Registry } from './metrics.ts';
