import type { RouteContract } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { readTarget } from '../edge/read-target.ts';

export type Lookup =
  | {
      kind: 'found';
      route: RouteContract;
      /** The path to serve: the canonical one, also where a deprecated one was asked for. */
      path: string;
      deprecated: boolean;
    }
  | { kind: 'method_not_allowed'; allow: string; dialect: RouteContract['dialect'] }
  | { kind: 'not_found' };

export interface RouteTable {
  /** Throws `validation_failed` for an encoded slash anywhere but in a parameter that may hold one, or takes the rest. */
  find(method: string, path: string): Lookup;
}

/** One path template and what may be done there. */
interface Resource {
  segments: readonly string[];
  takesRest: boolean;
  /** Every route of it takes encoded slashes in its parameters. */
  takesSlash: boolean;
  methods: Map<string, RouteContract>;
  allow: string;
  deprecated: boolean;
}

/**
 * Compiles the contracts into the one table of what is let through; everything else is not there. Each
 * `/api/v1/<rest>` has `/api/<rest>` as its deprecated alias, beside the `deprecatedPaths` that a contract names (LA-5).
 */
export function compileRouteTable(
  routes: readonly RouteContract[],
  /** Files that a page loads: served by the page's contract, and no operations of their own. */
  files: readonly { path: string; page: RouteContract }[] = [],
): RouteTable {
  const resources = new Map<string, Resource>();
  for (const route of routes) add(route.path, route, false);
  for (const { path, page } of files) if (path !== page.path) add(path, page, false);
  for (const route of routes) {
    if (route.path.startsWith('/api/v1/')) add(route.path.replace('/api/v1/', '/api/'), route, true);
    for (const path of route.deprecatedPaths) add(path, route, true);
  }

  const fixed = new Map<string, Resource>();
  const patterns: Resource[] = [];
  for (const [template, resource] of resources) {
    if (template.includes('{')) patterns.push(resource);
    else fixed.set(template, resource);
  }

  function add(template: string, route: RouteContract, deprecated: boolean): void {
    const resource = resources.get(template) ?? {
      segments: template.split('/'),
      takesRest: route.takesRestOfPath,
      takesSlash: route.takesEncodedSlash,
      methods: new Map(),
      allow: '',
      deprecated,
    };
    const method = route.method.toUpperCase();
    if (deprecated && resource.methods.has(method)) return;
    if (resource.methods.has(method)) throw new TypeError(`two contracts for ${method} ${template}`);
    resource.methods.set(method, route);
    if (method === 'GET') resource.methods.set('HEAD', route);
    resource.allow = [...resource.methods.keys(), 'OPTIONS'].join(', ');
    resources.set(template, resource);
  }

  return {
    find(method, asked) {
      const isEncoded = /%2f/i.test(asked);
      const kept = isEncoded
        ? patterns.find((pattern) => pattern.takesSlash && matches(pattern, asked.split('/')))
        : undefined;
      const path = isEncoded && kept === undefined ? withPlainSlashes(asked) : asked;
      const resource = kept ?? fixed.get(path) ?? patterns.find((pattern) => matches(pattern, path.split('/')));
      if (path !== asked && resource?.takesRest !== true) throw encodedSlash();
      if (resource === undefined) return { kind: 'not_found' };
      const route = resource.methods.get(method);
      if (route === undefined)
        return { kind: 'method_not_allowed', allow: resource.allow, dialect: dialectOf(resource) };
      return {
        kind: 'found',
        route,
        path: resource.deprecated ? canonicalPath(resource, route, path) : path,
        deprecated: resource.deprecated,
      };
    },
  };
}

function matches({ segments, takesRest }: Resource, given: readonly string[]): boolean {
  if (takesRest ? given.length < segments.length : given.length !== segments.length) return false;
  for (let index = 0; index < segments.length; index += 1) {
    const wanted = segments[index] ?? '';
    const found = given[index] ?? '';
    if (wanted.startsWith('{') ? found === '' : wanted !== found) return false;
  }
  return true;
}

/** `/api/users/7` asked for under a deprecated path is `/api/v1/users/7`: the parameters go over by name. */
function canonicalPath(resource: Resource, route: RouteContract, path: string): string {
  const given = path.split('/');
  const values = new Map<string, string>();
  resource.segments.forEach((segment, index) => {
    const isLast = index === resource.segments.length - 1;
    if (segment.startsWith('{'))
      values.set(segment, isLast && resource.takesRest ? given.slice(index).join('/') : (given[index] ?? ''));
  });
  return route.path
    .split('/')
    .map((segment) => values.get(segment) ?? segment)
    .join('/');
}

function withPlainSlashes(path: string): string {
  try {
    return readTarget(path.replace(/%2f/gi, '/')).path;
  } catch {
    throw encodedSlash();
  }
}

function encodedSlash(): AppError {
  return new AppError('validation_failed', 'The gateway does not accept an encoded slash in this path.');
}

function dialectOf(resource: Resource): RouteContract['dialect'] {
  return [...resource.methods.values()][0]?.dialect ?? 'signalbox';
}
