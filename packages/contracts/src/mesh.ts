import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { ComponentHealth, HealthStatus, ProviderHealth } from './health.ts';

const tag = 'Mesh';

export const getRoot = defineRoute({
  operationId: 'getRoot',
  service: 'gateway',
  method: 'get',
  path: '/',
  tag,
  routeClass: 'health',
  summary: 'What this is and where its documents are',
  scope: 'public',
  response: {
    status: 200,
    description: 'Name, version and links',
    schema: z.object({ name: z.string(), version: z.string(), links: z.record(z.string(), z.string()) }),
  },
});

export const getMeshHealth = defineRoute({
  operationId: 'getMeshHealth',
  service: 'gateway',
  method: 'get',
  path: '/api/v1/health',
  tag,
  routeClass: 'health',
  summary: 'Health of the gateway and of every service behind it, with what is degraded',
  scope: 'public',
  response: {
    status: 200,
    description: 'The mesh as it was probed just now; 503 when it is unhealthy',
    schema: z.object({
      status: HealthStatus,
      version: z.string(),
      timestamp: z.iso.datetime(),
      uptime_seconds: z.number(),
      degraded: z.array(z.string()).describe('What is degraded at the moment, by name.'),
      components: z.record(z.string(), ComponentHealth),
      services: z.record(
        z.string(),
        z.object({ status: HealthStatus, components: z.record(z.string(), ComponentHealth) }),
      ),
      providers: z.record(z.string(), ProviderHealth).describe('The model providers of this installation, by name.'),
    }),
  },
  deprecatedPaths: ['/health'],
});

const Probe = z.object({ status: HealthStatus }).catchall(z.unknown());

export const getLiveness = defineRoute({
  operationId: 'getLiveness',
  service: 'gateway',
  method: 'get',
  path: '/health/live',
  tag,
  routeClass: 'health',
  summary: '200 while the process turns; asks no dependency',
  scope: 'public',
  response: { status: 200, description: 'Alive', schema: Probe },
});

export const getReadiness = defineRoute({
  operationId: 'getReadiness',
  service: 'gateway',
  method: 'get',
  path: '/health/ready',
  tag,
  routeClass: 'health',
  summary: '200 when requests may be sent here; probes every dependency within 2 s',
  scope: 'public',
  response: { status: 200, description: 'Ready, perhaps degraded; 503 when not', schema: Probe },
});

export const getKeySet = defineRoute({
  operationId: 'getKeySet',
  service: 'gateway',
  method: 'get',
  path: '/.well-known/jwks.json',
  tag,
  routeClass: 'health',
  summary: 'The public keys of the access tokens',
  scope: 'public',
  response: {
    status: 200,
    description: 'A JSON Web Key Set (RFC 7517)',
    schema: z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) }),
  },
});

export const getOpenApi = defineRoute({
  operationId: 'getOpenApi',
  service: 'gateway',
  method: 'get',
  path: '/openapi.json',
  tag,
  routeClass: 'health',
  summary: 'This document',
  scope: 'public',
  response: { status: 200, description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) },
});

const page = { status: 200, description: 'A page', schema: z.string(), contentType: 'text/html' } as const;

export const getSwaggerUi = defineRoute({
  operationId: 'getSwaggerUi',
  service: 'gateway',
  method: 'get',
  path: '/docs',
  tag,
  routeClass: 'health',
  summary: 'The API to read and to try, in Swagger UI',
  scope: 'public',
  response: page,
});

export const getReDoc = defineRoute({
  operationId: 'getReDoc',
  service: 'gateway',
  method: 'get',
  path: '/redoc',
  tag,
  routeClass: 'health',
  summary: 'The API to read, in ReDoc',
  scope: 'public',
  response: page,
});

export const meshRoutes = [
  getRoot,
  getMeshHealth,
  getLiveness,
  getReadiness,
  getKeySet,
  getOpenApi,
  getSwaggerUi,
  getReDoc,
] as const;
