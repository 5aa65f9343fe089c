import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { allRoutes, PageQuery, Problem, type RouteContract } from './index.ts';

describe('every route', () => {
  it('has an id and a place of its own', () => {
    const ids = allRoutes.map((route) => route.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const places = allRoutes.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
    expect(new Set(places).size).toBe(places.length);
    const aliases = allRoutes.flatMap(({ method, deprecatedPaths }) =>
      deprecatedPaths.map((path) => `${method} ${path}`),
    );
    expect(new Set([...aliases, ...places]).size).toBe(aliases.length + places.length);
  });

  it('lies under a known root, in kebab-case, and names in its path what it parses', () => {
    for (const { path, params } of allRoutes) {
      expect(path).toMatch(
        /^(\/|\/(api\/v1|v1|alertmanager|health|docs|redoc|openapi\.json|reports|\.well-known)[a-z0-9\-/{}._]*)$/,
      );
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(params instanceof z.ZodObject ? Object.keys(params.shape) : []).toEqual(names);
    }
  });

  it('refuses query parameters that it does not name', () => {
    // Alertmanager ignores what it does not know, and its clients send it.
    for (const { operationId, query } of allRoutes.filter(({ dialect }) => dialect !== 'alertmanager'))
      expect([operationId, query.safeParse({ surely_nobody_names_this: '1' }).success]).toEqual([operationId, false]);
  });

  it('S14: refuses members that would change whose a thing is, unless the shape is a vendor’s', () => {
    for (const { operationId, dialect, body, bodyTypes, bodyBytesMax } of allRoutes) {
      if (bodyBytesMax === 0 || dialect !== 'signalbox') continue;
      // A shape that is no JSON is a vendor's.
      if (bodyTypes.length > 0 && !bodyTypes.includes('application/json')) continue;
      const refused = body.safeParse({ tenant_id: 'other', is_admin: true });
      expect([operationId, refused.success]).toEqual([operationId, false]);
      expect(JSON.stringify(refused.error?.issues)).toContain('unrecognized_keys');
    }
  });

  it('takes a body exactly where it is allowed bytes for one', () => {
    for (const { operationId, method, body, bodyBytesMax } of allRoutes) {
      expect([operationId, bodyBytesMax > 0]).toEqual([operationId, !(body instanceof z.ZodUndefined)]);
      if (method === 'get') expect([operationId, bodyBytesMax]).toEqual([operationId, 0]);
    }
  });

  it('answers without defaults: an answer says what it says', () => {
    for (const { operationId, response } of allRoutes)
      expect([operationId, response.schema === null || !hasDefault(response.schema)]).toEqual([operationId, true]);
  });

  it('lists with the same query and the same page', () => {
    // The rows of measurements come in pages as long as MonitorX gave them.
    const longer: Readonly<Record<string, { most: number; usual: number }>> = {
      listSamples: { most: 10_000, usual: 1_000 },
      listReportedDrift: { most: 1_000, usual: 100 },
    };
    for (const route of allRoutes.filter(isList)) {
      const { most, usual } = longer[route.operationId] ?? { most: 100, usual: 20 };
      expect(route.query.safeParse({ limit: '0' }).success).toBe(false);
      expect(route.query.safeParse({ limit: String(most + 1) }).success).toBe(false);
      expect(route.query.safeParse({})).toMatchObject({ success: true, data: { limit: usual } });
    }
    expect(allRoutes.filter(isList).length).toBeGreaterThan(3);
  });

  it('waits for some time, and not for ever', () => {
    for (const { firstByteTimeoutMs, idleTimeoutMs } of allRoutes) {
      expect(firstByteTimeoutMs).toBeGreaterThan(0);
      expect(idleTimeoutMs).toBeGreaterThan(0);
      expect(Math.max(firstByteTimeoutMs, idleTimeoutMs)).toBeLessThanOrEqual(15 * 60_000);
    }
  });
});

function isList({ response }: RouteContract): boolean {
  return response.schema instanceof z.ZodObject && 'page_info' in response.schema.shape;
}

function hasDefault(schema: unknown): boolean {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return true;
  if (schema instanceof z.ZodObject) return Object.values(schema.shape).some(hasDefault);
  if (schema instanceof z.ZodArray) return hasDefault(schema.element);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return hasDefault(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.some(hasDefault);
  if (schema instanceof z.ZodRecord) return hasDefault(schema.valueType);
  return false;
}

describe('shared shapes', () => {
  it('LA-13: a page has 1 to 100 rows', () => {
    for (const limit of ['0', '101', 'abc', '', '1.5', '-1', '1e9'])
      expect(PageQuery.safeParse({ limit }).success).toBe(false);
    expect(PageQuery.parse({ limit: '100' }).limit).toBe(100);
  });

  it('LA-6: a problem has all of its members, and may have more', () => {
    const problem = {
      type: 'urn:x',
      title: 'T',
      status: 400,
      detail: 'D',
      instance: '/',
      error_code: 'X',
      request_id: 'r',
      more: 1,
    };
    expect(Problem.parse(problem)).toEqual(problem);
    for (const name of Object.keys(problem).filter((member) => member !== 'more'))
      expect(Problem.safeParse({ ...problem, [name]: undefined }).success).toBe(false);
  });
});
