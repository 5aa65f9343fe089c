import {
  createTool,
  deleteTool,
  getTool,
  listToolGrants,
  listTools,
  setToolGrant,
  updateTool,
  type Tool,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { Vault } from '@signalbox/vault';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import type { CompileSchema } from '../json-schema/compile-schema.ts';
import type { HttpTool } from './call-http-tool.ts';
import type { ServerTool } from './server-tool.ts';
import { sealHeaders, type KeptHeaders } from './tool-headers.ts';
import {
  changeTool,
  findTools,
  insertTool,
  listGrantRows,
  listToolRows,
  lockTool,
  putGrant,
  removeTool,
  type GrantRow,
} from './tool-store.ts';

const timeoutMsByDefault = 10_000;

export interface ToolRouteDeps {
  db: Kysely<Schema>;
  builtIn: readonly ServerTool[];
  compileSchema: CompileSchema;
  /** Null: this installation keeps no secrets. */
  vault: Vault | null;
  /** The hosts (`host:port`) to which secret headers may go unencrypted: those that the operator allows. */
  plainHttpTo: readonly string[];
  tellAudit: TellAudit;
  /** Called after a message was put into the outbox. */
  nudgeRelay: () => void;
}

export function mountToolRoutes(routes: Routes, deps: ToolRouteDeps): void {
  const { db, builtIn, tellAudit, nudgeRelay } = deps;
  const builtInOf = (name: string) => builtIn.find((tool) => tool.name === name);

  mountRoute(routes, createTool, async ({ principal, requestId, body }) => {
    assertSchema(deps, body.parameters);
    const { headers = {}, ...rest } = body;
    const kept = keptHeaders(deps, { tenantId: principal.tenantId, name: rest.name, url: rest.url }, headers);
    const tool = { ...rest, timeout_ms: rest.timeout_ms ?? timeoutMsByDefault, ...kept };
    await db.transaction().execute(async (trx) => {
      if (builtInOf(tool.name) !== undefined || !(await insertTool(trx, principal.tenantId, tool))) {
        throw new AppError('conflict', 'There is a tool of this name.', { details: { name: tool.name } });
      }
      const details = { change: 'created', url: tool.url };
      await tellAudit(trx, { action: 'tool.changed', target: tool.name, principal, requestId, details });
    });
    nudgeRelay();
    return reply(presentHttpTool(tool), { headers: { Location: `/api/v1/tools/${tool.name}` } });
  });

  mountRoute(routes, listTools, async ({ principal, query }) => {
    const list = listTools.operationId;
    const start = pageStart(list, query, ['string']);
    const after = textOf(start.after?.[0]);
    const { backwards, fetch } = start;
    const rows = await listToolRows(db, principal.tenantId, { after, backwards, limit: fetch });
    const all = [
      ...rows.map(presentHttpTool),
      ...builtIn.filter(({ name }) => after === null || name > after !== backwards).map(presentBuiltIn),
    ].toSorted((one, other) => (one.name < other.name !== backwards ? -1 : 1));
    const page = all.filter(({ name }) => name !== after).slice(0, fetch);
    return keysetPage({ list, start, rows: page, keyOf: ({ name }) => [name], present: (tool) => tool });
  });

  mountRoute(routes, getTool, async ({ principal, params }) => {
    const own = builtInOf(params.name);
    if (own !== undefined) return presentBuiltIn(own);
    const [tool] = await findTools(db, principal.tenantId, [params.name]);
    if (tool === undefined) throw noTool();
    return presentHttpTool(tool);
  });

  mountRoute(routes, updateTool, async ({ principal, requestId, params, body }) => {
    if (body.parameters !== undefined) assertSchema(deps, body.parameters);
    const { headers, ...rest } = body;
    const change = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const members = [...Object.keys(change), ...(headers === undefined ? [] : ['headers'])];
    const { tenantId } = principal;
    const tool = await db.transaction().execute(async (trx) => {
      const before = await lockTool(trx, tenantId, params.name);
      if (before === null) throw noTool();
      const url = rest.url ?? before.url;
      if (headers === undefined && before.sealed_headers !== null && !isSameOrigin(url, before.url)) {
        const message = 'Expected the headers again (or null): the tool moves to another origin.';
        throw new AppError('validation_failed', undefined, { fields: [{ path: 'headers', message }] });
      }
      const place = { tenantId, name: params.name, url };
      const kept = headers === undefined ? {} : keptHeaders(deps, place, headers ?? {});
      const changed = await changeTool(trx, tenantId, params.name, { ...change, ...kept });
      if (changed === null) throw noTool();
      const details = { change: 'updated', members, url: changed.url };
      await tellAudit(trx, { action: 'tool.changed', target: params.name, principal, requestId, details });
      return changed;
    });
    nudgeRelay();
    return presentHttpTool(tool);
  });

  mountRoute(routes, deleteTool, async ({ principal, requestId, params }) => {
    await db.transaction().execute(async (trx) => {
      if (!(await removeTool(trx, principal.tenantId, params.name))) throw noTool();
      const details = { change: 'deleted' };
      await tellAudit(trx, { action: 'tool.changed', target: params.name, principal, requestId, details });
    });
    nudgeRelay();
    return null;
  });

  mountRoute(routes, setToolGrant, async ({ principal, requestId, params, body }) => {
    const registered = await findTools(db, principal.tenantId, body.tools);
    const unknown = body.tools.find(
      (name) => builtInOf(name) === undefined && registered.every((tool) => tool.name !== name),
    );
    if (unknown !== undefined) {
      const path = `tools.${String(body.tools.indexOf(unknown))}`;
      throw new AppError('validation_failed', undefined, { fields: [{ path, message: 'There is no such tool.' }] });
    }
    const granted = [...new Set(body.tools)];
    const grant = await db.transaction().execute(async (trx) => {
      const details = { tools: granted };
      const target = params.principal;
      await tellAudit(trx, { action: 'tool.granted', target, principal, requestId, details });
      return putGrant(trx, principal.tenantId, target, granted);
    });
    nudgeRelay();
    return presentGrant(grant);
  });

  mountRoute(routes, listToolGrants, async ({ principal, query }) => {
    const list = listToolGrants.operationId;
    const start = pageStart(list, query, ['string']);
    const stretch = { after: textOf(start.after?.[0]), backwards: start.backwards, limit: start.fetch };
    const rows = await listGrantRows(db, principal.tenantId, stretch);
    return keysetPage({ list, start, rows, keyOf: (row) => [row.principal_id], present: presentGrant });
  });
}

function assertSchema({ compileSchema }: ToolRouteDeps, parameters: Record<string, unknown>): void {
  const compilation = compileSchema(parameters);
  const message = compilation.kind === 'refused' ? compilation.reason : 'Expected a schema of type object.';
  if (compilation.kind === 'refused' || parameters['type'] !== 'object') {
    throw new AppError('validation_failed', undefined, { fields: [{ path: 'parameters', message }] });
  }
}

/** A secret goes out encrypted, or to a host that the operator names. */
function keptHeaders(
  { vault, plainHttpTo }: ToolRouteDeps,
  place: { tenantId: string; name: string; url: string },
  headers: Readonly<Record<string, string>>,
): KeptHeaders {
  const { protocol, host } = new URL(place.url);
  if (Object.keys(headers).length > 0 && protocol !== 'https:' && !plainHttpTo.includes(host)) {
    const message = 'Expected an https address: secret headers are not sent in the clear.';
    throw new AppError('validation_failed', undefined, { fields: [{ path: 'url', message }] });
  }
  return sealHeaders(vault, place, headers);
}

function isSameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin;
}

function presentHttpTool({ sealed_headers: _sealed, ...tool }: HttpTool): Tool {
  return { ...tool, kind: 'http' };
}

function presentBuiltIn({ name, description, parameters, timeoutMs }: ServerTool): Tool {
  const schema = { ...parameters };
  const own = { url: null, method: null, header_names: [] };
  return { name, kind: 'built_in', description, parameters: schema, ...own, timeout_ms: timeoutMs };
}

function presentGrant({ updated_at, ...row }: GrantRow) {
  return { ...row, updated_at: updated_at.toISOString() };
}

function noTool(): AppError {
  return new AppError('not_found', 'There is no such tool.');
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
