import type { SystemSpec } from '@signalbox/contracts';
import type { NamedProfile, RoutingProfiles } from '../routing/routing-profiles.ts';

export interface SystemProfilesOptions {
  /** Asked first: an alias of the installation is the same for every tenant. */
  aliases: RoutingProfiles;
  /** The tenant's system of that id; null where it has none. */
  specOf: (tenantId: string, id: string) => Promise<SystemSpec | null>;
  now?: () => number;
}

/** How long a replica may not have heard of a change. Any bare model's name is looked up here, so it is remembered. */
const rememberedMs = 2_000;
const rememberedMax = 10_000;
const idForm = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/**
 * Lets a stored system be asked for as a model: its models by its strategy, its prompt before every question, its tools
 * executed. A change is followed within two seconds. While Postgres is away the last that was known holds; of what was never known it is said that it is away.
 */
export function systemProfiles({ aliases, specOf, now = Date.now }: SystemProfilesOptions): RoutingProfiles {
  const remembered = new Map<string, { profile: NamedProfile | null; at: number }>();

  async function ofSystem(tenantId: string, id: string): Promise<NamedProfile | null> {
    // Neither has a slash in it.
    const key = `${tenantId}/${id}`;
    const known = remembered.get(key);
    if (known !== undefined && now() - known.at < rememberedMs) return known.profile;
    try {
      const spec = await specOf(tenantId, id);
      const profile = spec === null ? null : profileOf(spec);
      remembered.delete(key);
      remembered.set(key, { profile, at: now() });
      for (const oldest of remembered.size > rememberedMax ? remembered.keys().take(1) : []) {
        remembered.delete(oldest);
      }
      return profile;
    } catch (error) {
      if (known !== undefined) return known.profile;
      throw error;
    }
  }

  return {
    async find(tenantId, name) {
      return (await aliases.find(tenantId, name)) ?? (idForm.test(name) ? ofSystem(tenantId, name) : null);
    },
  };
}

function profileOf({
  models,
  strategy = 'priority',
  prompts,
  tools,
  semantic_cache: semanticCache,
}: SystemSpec): NamedProfile {
  const wish = semanticCache === undefined ? {} : { semantic_cache: semanticCache };
  const said = prompts.system === undefined ? {} : { instructions: prompts.system };
  return { models: [...models], strategy, ...wish, ...said, ...(tools.length === 0 ? {} : { tools }) };
}
