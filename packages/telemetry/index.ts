export { auditLogger, createLogger, type Logger, type LogLevel, logLevels } from './logger.ts';
export { askedGauge, Counter, createRegistry, Gauge, Histogram, type Registry, recent } from './metrics.ts';
