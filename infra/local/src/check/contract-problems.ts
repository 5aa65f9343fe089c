import type { EventContract, JobContract, RouteContract } from '@signalbox/contracts';
import { z } from 'zod';
import type { RepositoryFile } from './repository-files.ts';

/** The names under which `@signalbox/contracts` exports things, and the things. */
export type Exported = Readonly<Record<string, unknown>>;

const pathSegment = /^(|\.?[a-z0-9]+(-[a-z0-9]+)*(\.(html|json|md|pdf))?|\{[a-z]+\})$/;

/**
 * What is wrong with the contracts as a whole, one line for each: what no type can say of one contract alone, and
 * whether each is kept by the service that it names.
 */
export function contractProblems(
  routes: readonly RouteContract[],
  exported: Exported,
  files: readonly RepositoryFile[],
): string[] {
  const names = new Map(Object.entries(exported).map(([name, value]) => [value, name]));
  return [
    ...routes.flatMap((route) => routeProblems(route, names.get(route))),
    ...clashes(routes.map((route) => ({ what: route.operationId, by: route.path }))),
    ...clashes(routes.flatMap(claims)),
    ...routes.flatMap((route) => keptBy(route.operationId, route.service, files)),
    ...[...names].flatMap(([value, name]) => queueProblems(value, name, files)),
  ];
}

function routeProblems(route: RouteContract, exportedAs: string | undefined): string[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).join();
  const inContract = route.params instanceof z.ZodObject ? Object.keys(route.params.shape).join() : '';
  const answers = [route.response, ...route.alsoAnswers];
  const schemas = answers.flatMap((answer) => answer.schema ?? []);
  const rules: [boolean, string][] = [
    [/^[a-z][A-Za-z]+$/.test(route.operationId), 'an operationId is camelCase'],
    [exportedAs === route.operationId, 'the contract is exported under its operationId'],
    // A vendor's path is as the vendor's clients ask for it.
    [
      route.dialect !== 'signalbox' || route.path.split('/').every((segment) => pathSegment.test(segment)),
      `${route.path} is not in kebab-case`,
    ],
    [route.dialect !== 'signalbox' || !route.path.startsWith('/v1/'), "/v1 is for vendors' shapes; ours is /api/v1"],
    [!/^\/api\/(?!v1\/)/.test(route.path), 'our paths begin with /api/v1'],
    [!route.summary.endsWith('.'), 'a summary is a heading, without a full stop'],
    [route.method !== 'get' || route.bodyBytesMax === 0, 'a GET has no body'],
    [inPath === inContract, `the path names {${inPath}}, params {${inContract}}`],
    [!schemas.some(hasDefault), 'an answer says what it says: no .default() in it'],
    [answers.every(({ status, schema }) => status !== 204 || schema === null), 'a 204 is empty'],
  ];
  return rules.filter(([kept]) => !kept).map(([, problem]) => `${route.operationId}: ${problem}`);
}

function hasDefault(schema: z.ZodType): boolean {
  const document = JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any' }));
  return /"default":/.test(document);
}

/** What a route answers to: its path and its deprecated ones, with every parameter alike. */
function claims(route: RouteContract): { what: string; by: string }[] {
  return [route.path, ...route.deprecatedPaths].map((path) => ({
    what: `${route.method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`,
    by: route.operationId,
  }));
}

function clashes(claimed: readonly { what: string; by: string }[]): string[] {
  const first = new Map<string, string>();
  return claimed.flatMap(({ what, by }) => {
    const other = first.get(what);
    if (other !== undefined) return [`${what}: claimed by ${other} and by ${by}`];
    first.set(what, by);
    return [];
  });
}

function queueProblems(value: unknown, name: string, files: readonly RepositoryFile[]): string[] {
  if (isJob(value)) {
    return [...queueNameProblems(value.name, name), ...keptBy(name, value.worker, files)];
  }
  if (isEvent(value)) {
    return [
      ...queueNameProblems(value.name, name),
      ...[value.emitter, ...value.subscribers].flatMap((service) => keptBy(name, service, files)),
    ];
  }
  return [];
}

function isJob(value: unknown): value is JobContract {
  return typeof value === 'object' && value !== null && 'worker' in value && 'payload' in value;
}

function isEvent(value: unknown): value is EventContract {
  return typeof value === 'object' && value !== null && 'emitter' in value && 'payload' in value;
}

function queueNameProblems(queue: string, name: string): string[] {
  return /^[a-z][a-z-]*\.[a-z][a-z-]*$/.test(queue) ? [] : [`${name}: ${queue} must read area.verb, with no colon`];
}

/** A contract is kept where its name is used in the sources of the service; a service that does not exist yet keeps none. */
function keptBy(name: string, service: string, files: readonly RepositoryFile[]): string[] {
  const sources = files.filter(({ path }) => path.startsWith(`services/${service}/src/`) && !path.endsWith('.test.ts'));
  if (sources.length === 0) return [];
  const used = new RegExp(`\\b${name}\\b`);
  return sources.some(({ text }) => used.test(text)) ? [] : [`${name}: ${service} neither mounts nor uses it`];
}
