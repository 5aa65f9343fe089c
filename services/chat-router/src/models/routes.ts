import { getModel, listModels } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { mountRoute, type Routes } from '@signalbox/http';
import { findTarget } from '../routing/find-target.ts';
import type { Connection, Connections } from '../routing/connection.ts';
import { modelId } from '../routing/target.ts';

/** Lists what a tenant can ask: the models of a provider that is not configured are not among them. */
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

  mountRoute(routes, listModels, async ({ principal }) => ({
    object: 'list' as const,
    data: (await connections.of(principal.tenantId))
      .filter(({ provider }) => provider.missingSetting === null)
      .flatMap((connection) => connection.provider.models.map((model) => present(connection, model))),
  }));

  mountRoute(routes, getModel, async ({ principal, params }) => {
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
    return present(connection, decision.target.model);
  });
}
