import { describe, expect, it } from '@jest/globals';
import { refusal } from '../../test/refusal.ts';
import { allRoutes, defineRoute } from '@signalbox/contracts';
import { compileRouteTable } from './route-table.ts';

const table = compileRouteTable(allRoutes);

function operation(method: string, path: string): string {
  const found = table.find(method, path);
  return found.kind === 'found'
    ? `${found.route.operationId} ${found.path}${found.deprecated ? ' deprecated' : ''}`
    : found.kind;
}

describe('the route table', () => {
  it('finds every contract under its own path, and nothing else', () => {
    for (const route of allRoutes) {
      const path = route.path.replace(/\{\w+\}/g, 'some-id');
      expect(operation(route.method.toUpperCase(), path)).toBe(`${route.operationId} ${path}`);
    }
    for (const path of [
      '/api/v1/nothing',
      '/api/v1',
      '/api/v1/api-keys/',
      '/API/v1/api-keys',
      '/api/v1/api-keys/a/b',
      '/v2/models',
    ])
      expect(operation('GET', path)).toBe('not_found');
  });

  it('prefers a fixed path to a parameter, and lets no parameter be empty', () => {
    expect(operation('GET', '/api/v1/users/me')).toBe('getMe /api/v1/users/me');
    expect(operation('GET', '/v1/models/')).toBe('not_found');
  });

  it('serves HEAD where GET is, and names the methods where the one asked for is not', () => {
    expect(operation('HEAD', '/api/v1/api-keys')).toBe('listApiKeys /api/v1/api-keys');
    expect(table.find('PUT', '/api/v1/api-keys')).toEqual({
      kind: 'method_not_allowed',
      allow: 'POST, GET, HEAD, OPTIONS',
      dialect: 'signalbox',
    });
    expect(table.find('GET', '/v1/chat/completions')).toMatchObject({ allow: 'POST, OPTIONS', dialect: 'openai' });
  });

  it('LA-5: answers every /api/v1 path also under /api, and the old names of contracts, as deprecated', () => {
    expect(operation('GET', '/api/api-keys/7')).toBe('getApiKey /api/v1/api-keys/7 deprecated');
    expect(operation('POST', '/api/api-keys/7/rotate')).toBe('rotateApiKey /api/v1/api-keys/7/rotate deprecated');
    expect(operation('GET', '/health')).toBe('getMeshHealth /api/v1/health deprecated');
    expect(operation('POST', '/auth/api-keys')).toBe('createApiKey /api/v1/api-keys deprecated');
    for (const route of allRoutes.filter(({ path }) => path.startsWith('/api/v1/')))
      expect(
        operation(route.method.toUpperCase(), route.path.replace('/api/v1', '/api').replace(/\{\w+\}/g, 'x')),
      ).toMatch(new RegExp(`^${route.operationId} .* deprecated$`));
  });

  it('S5: takes an encoded slash only into a parameter that takes the rest of the path, and there as a plain one', () => {
    expect(operation('GET', '/v1/models/signalbox/extractive')).toBe('getModel /v1/models/signalbox/extractive');
    expect(operation('GET', '/v1/models/signalbox%2Fextractive')).toBe('getModel /v1/models/signalbox/extractive');
    for (const path of [
      '/v1/models/..%2fadmin',
      '/v1/models/a%2f%2fb',
      '/v1/models/%2fa',
      '/v1%2fmodels',
      '/api/v1/api-keys/a%2Fb',
      '/nowhere/..%2fadmin',
    ])
      expect(() => table.find('GET', path)).toThrow(refusal('validation_failed'));
  });

  it('leaves an encoded slash in a parameter that may hold one, for the service to read', () => {
    const paths = ['/api/v1/models/openai%2Fgpt-5', '/api/v1/models/openai%2fgpt-5/revisions'];
    expect(paths.map((path) => operation('GET', path))).toEqual([
      'getMonitoredModel /api/v1/models/openai%2Fgpt-5',
      'listMonitoredModelRevisions /api/v1/models/openai%2fgpt-5/revisions',
    ]);
    expect(operation('GET', '/api/models/a%2Fb')).toBe('getMonitoredModel /api/v1/models/a%2Fb deprecated');
    for (const path of ['/api/v1/models%2Fa', '/api/v1%2Fmodels/a', '/api/v1/models/a/revisions%2Fb'])
      expect(() => table.find('GET', path)).toThrow(refusal('validation_failed'));
  });

  it('refuses two contracts for one method and path', () => {
    const route = defineRoute({
      operationId: 'twice',
      service: 'gateway',
      method: 'get',
      path: '/twice',
      tag: 'Test',
      summary: 'Twice',
      scope: 'public',
      response: { status: 204, description: 'Nothing', schema: null },
    });
    expect(() => compileRouteTable([route, route])).toThrow('two contracts');
  });
});
