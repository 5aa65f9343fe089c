import { describe, expect, it } from '@jest/globals';
import { allRoutes } from '@signalbox/contracts';
import { openApiDocument } from './open-api.ts';

interface Operation {
  operationId: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: unknown }[];
  requestBody?: { required: boolean; content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

const make = () =>
  openApiDocument({
    routes: allRoutes,
    title: 'Signalbox',
    version: '1.0.0',
    servers: [{ url: 'http://localhost:8080' }],
  });
const document = make();
const operationOf = (route: (typeof allRoutes)[number]): Operation =>
  document.paths[route.path]?.[route.method] as Operation;

describe('OD-21, LA-7: the OpenAPI document', () => {
  it('says 3.1 and has both security schemes', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document).toMatchObject({
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    });
  });

  it('has every route of the contracts, and nothing else', () => {
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(documented.sort()).toEqual(allRoutes.map(({ method, path }) => `${method} ${path}`).sort());
    const ids = allRoutes.map((route) => operationOf(route).operationId);
    expect(new Set(ids).size).toBe(allRoutes.length);
  });

  it('lists both schemes and the scope on every protected operation, and none on a public one', () => {
    for (const route of allRoutes) {
      const scopes = route.scope === 'authenticated' ? [] : [route.scope];
      expect(operationOf(route).security).toEqual(
        route.scope === 'public' ? [] : [{ apiKey: scopes }, { bearer: scopes }],
      );
    }
  });

  it('tells every error that a route may answer, in the shape of its dialect', () => {
    for (const route of allRoutes) {
      const { responses } = operationOf(route);
      const expected = ['400', '500', '503'];
      // Exporters of OTLP are never told 429.
      if (route.dialect !== 'otlp') expected.push('429');
      if (route.scope !== 'public') expected.push('401');
      if (route.scope !== 'public' && route.scope !== 'authenticated') expected.push('403');
      if (route.path.includes('{')) expected.push('404');
      if (route.bodyBytesMax > 0) expected.push('413', '415');
      for (const status of expected) {
        const type = route.dialect === 'signalbox' ? 'application/problem+json' : 'application/json';
        expect(responses[status]?.content).toHaveProperty([type]);
      }
      expect(responses[String(route.response.status)]?.description).toBe(route.response.description);
    }
  });

  it('declares every parameter of a path as required, and describes every parameter', () => {
    for (const route of allRoutes) {
      const parameters = operationOf(route).parameters ?? [];
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(route.path.match(/\{\w+\}/g) ?? []);
      for (const parameter of parameters) {
        expect(parameter.schema).toBeDefined();
        expect([route.operationId, parameter.name, parameter.description]).toEqual([
          route.operationId,
          parameter.name,
          expect.any(String),
        ]);
        if (parameter.in === 'path') expect(parameter.required).toBe(true);
      }
    }
  });

  it('names what has a name, once: a problem is a reference everywhere', () => {
    const { schemas } = document['components'] as { schemas: Record<string, unknown> };
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining(['ApiKey', 'Problem', 'User', 'Scope', 'PageInfo', 'OpenAiError']),
    );
    for (const route of allRoutes.filter(({ dialect }) => dialect === 'signalbox'))
      expect(operationOf(route).responses['500']?.content?.['application/problem+json']).toEqual({
        schema: { $ref: '#/components/schemas/Problem' },
      });
  });

  it('refers to nothing that is not there, and is plain data', () => {
    const text = JSON.stringify(document);
    expect(JSON.parse(text)).toEqual(document);
    const schemas = Object.keys((document['components'] as { schemas: object }).schemas);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) expect(schemas).toContain(reference);
  });

  it('is the same, byte by byte, every time', () => {
    expect(JSON.stringify(make())).toBe(JSON.stringify(document));
  });
});
