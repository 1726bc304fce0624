/** Puts the gateway together: server, sign-in, answers, then one line for each family of routes. */
import { fastifyCookie } from '@fastify/cookie';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { createRegistry } from '@osimage/telemetry';
import type { App } from './app-types.ts';
import { registerAudit } from './audit/trail.ts';
import { registerAuthentication } from './auth/authenticate.ts';
import { createCredentials } from './auth/credentials.ts';
import { createThrottle } from './auth/throttle.ts';
import { registerErrorAnswers } from './error-answers.ts';
import { createHealth } from './health.ts';
import { countLostEntries } from './metrics/audit.ts';
import { countDamage } from './metrics/damage.ts';
import { registerHttpMetrics } from './metrics/http.ts';
import { registerJobMetrics } from './metrics/jobs.ts';
import { registerLicenceMetrics } from './metrics/licence.ts';
import { registerReadiness } from './metrics/readiness.ts';
import { registerStoreMetrics } from './metrics/store.ts';
import { countTraffic } from './metrics/traffic.ts';
import { registerDocument } from './openapi/document.ts';
import { registerRequestInput } from './request-input.ts';
import { registerRequestLog } from './request-log.ts';
import { registerApplianceRoutes } from './routes/aicc.ts';
import { registerAuditRoute } from './routes/audit.ts';
import { registerChangeRoutes } from './routes/changes.ts';
import { registerDocsRoutes } from './routes/docs.ts';
import { registerExportRoutes } from './routes/exports.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerImageRoutes } from './routes/images.ts';
import { registerImportRoutes } from './routes/imports.ts';
import { registerMetricsRoute } from './routes/metrics.ts';
import { registerServerRoutes } from './routes/servers.ts';
import { registerSessionRoutes } from './routes/sessions.ts';
import { registerSettingsRoutes } from './routes/settings.ts';
import { registerTaskEventsRoute } from './routes/task-events.ts';
import { registerTaskRoutes } from './routes/tasks.ts';
import { createServer } from './server.ts';
import type { GatewayServices } from './services.ts';
import { registerBodyTime } from './transport/body-time.ts';
import { registerDrain } from './transport/drain.ts';
import { createHttpServers, type HttpServers } from './transport/http-servers.ts';
import { registerOpening } from './transport/opening.ts';
import { compileValidator } from './validation/compile.ts';

export type { App } from './app-types.ts';

/**
 * Gives the application, not yet listening; `servers` makes what will, plain HTTP unless told. One that is not `opened` tells
 * everybody to come back until its `open` is called. Closing it leaves the services open: who made them closes them.
 */
export async function buildApp(
  services: GatewayServices,
  servers: HttpServers = createHttpServers(services.settings),
  opened = true,
): Promise<App> {
  const app = createServer(services.settings, services.log, servers)
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(compileValidator)
    // Schemas of answers only document; what is sent is what the code gives.
    .setSerializerCompiler(() => JSON.stringify);
  await app.register(fastifyCookie);

  const registry = createRegistry();
  const auditLost = countLostEntries(registry);
  registerAudit(app, services, auditLost);
  registerHttpMetrics(app, registry);
  registerLicenceMetrics(registry, services.settings);
  registerJobMetrics(registry, services.db);
  registerStoreMetrics(registry, services);
  const traffic = countTraffic(registry);
  registerRequestLog(app);
  registerErrorAnswers(app);
  const health = createHealth(services, opened);
  registerOpening(app, health);
  registerRequestInput(app);
  await registerDocument(app);
  registerBodyTime(app, services.settings.HTTP_BODY_SECONDS);
  const credentials = createCredentials(services.db, services.secrets, createThrottle());
  registerAuthentication(app, services, credentials);

  registerSessionRoutes(app, services, credentials);
  registerApplianceRoutes(app, services);
  registerServerRoutes(app, services);
  registerImageRoutes(app, services);
  registerChangeRoutes(app, services);
  registerImportRoutes(app, services, traffic);
  registerExportRoutes(app, services, { traffic, onDamage: countDamage(registry) });
  registerTaskRoutes(app, services);
  registerTaskEventsRoute(app, services);
  registerSettingsRoutes(app, services);
  registerAuditRoute(app, services);
  registerMetricsRoute(app, registry);
  registerDocsRoutes(app);
  registerReadiness(registry, health);
  registerHealthRoutes(app, health);
  registerDrain(app, health);
  return app;
}
