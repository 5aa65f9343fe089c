import { AnthropicModel, AnthropicModels, getModel, listModels, type VendorModelsQuery } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { exchangeOf, mountRawRoute, type RouteContext, type Routes } from '@signalbox/http';
import { findTarget } from '../routing/find-target.ts';
import type { Connection, Connections } from '../routing/connection.ts';
import { modelId } from '../routing/target.ts';
import { pageOfModels } from './page-of-models.ts';

/** Nobody knows when a model was made; Anthropic's clients are told so by this. */
const unknownDate = '1970-01-01T00:00:00Z';

/**
 * Lists what a tenant can ask: the models of a provider that is not configured are not among them. Anthropic's clients, who
 * show themselves by `anthropic-version`, are answered in the shape that they read.
 */
export function mountModelRoutes(routes: Routes, connections: Connections): void {
  // Since when they are offered here; when a provider made a model is not known.
  const created = Math.floor(Date.now() / 1_000);
  const present = (connection: Connection, model: string) => {
    const { provider } = connection;
    const facts = connection.factsOf(model);
    return {
      id: modelId({ provider: provider.name, model }),
      object: 'model' as const,
      created,
      owned_by: provider.name,
      // Beyond OpenAI's shape; null is what nobody knows.
      context_window: facts.contextTokensMax,
      max_output_tokens: facts.outputTokensMax,
      capabilities: {
        vision: facts.vision,
        tools: facts.tools,
        json_schema: facts.jsonSchema,
        reasoning: facts.reasoning,
      },
    };
  };

  mountRawRoute(routes, listModels, async ({ principal, query, request, response }) => {
    const forAnthropic = speaksAnthropic({ request });
    const usable = (await connections.of(principal.tenantId)).filter(
      ({ provider }) => provider.missingSetting === null,
    );
    if (forAnthropic) {
      const ids = usable.flatMap(({ provider }) =>
        provider.models.map((model) => modelId({ provider: provider.name, model })),
      );
      const page = pageOfModels(ids, query);
      const data = page.ids.map(presentForAnthropic);
      const [first, last] = [page.ids.at(0) ?? null, page.ids.at(-1) ?? null];
      send(response, AnthropicModels.parse({ data, has_more: page.hasMore, first_id: first, last_id: last }));
      return;
    }
    refusePaging(query);
    const data = usable.flatMap((connection) => connection.provider.models.map((model) => present(connection, model)));
    send(response, { object: 'list', data });
  });

  mountRawRoute(routes, getModel, async ({ principal, params, request, response }) => {
    const forAnthropic = speaksAnthropic({ request });
    const all = await connections.of(principal.tenantId);
    const decision = findTarget(
      all.map(({ provider }) => provider),
      params.model,
    );
    const connection =
      decision.kind === 'found' ? all.find(({ provider }) => provider.name === decision.target.provider) : undefined;
    if (decision.kind !== 'found' || connection === undefined) {
      throw new AppError('not_found', `The model ${JSON.stringify(params.model)} cannot be asked here.`, {
        details: { code: 'model_not_found', param: 'model' },
      });
    }
    if (forAnthropic) send(response, AnthropicModel.parse(presentForAnthropic(modelId(decision.target))));
    else send(response, present(connection, decision.target.model));
  });
}

/** From here on errors are in Anthropic's shape, too. */
function speaksAnthropic({ request }: Pick<RouteContext, 'request'>): boolean {
  const isSo = request.headers['anthropic-version'] !== undefined;
  if (isSo) exchangeOf(request).dialect = 'anthropic';
  return isSo;
}

function presentForAnthropic(id: string): AnthropicModel {
  return { type: 'model', id, display_name: id, created_at: unknownDate };
}

/** OpenAI's list has no pages: whoever asks for one would take all for the first. */
function refusePaging(query: VendorModelsQuery): void {
  const fields = Object.keys(query).map((path) => ({
    path,
    message: 'Expected only with the header anthropic-version.',
  }));
  if (fields.length > 0) throw new AppError('validation_failed', undefined, { fields });
}

function send(response: RouteContext['response'], answer: object): void {
  const text = JSON.stringify(answer);
  response.statusCode = 200;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
