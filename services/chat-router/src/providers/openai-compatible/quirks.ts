import { z } from 'zod';

/** In what a server differs from OpenAI's API. */
export interface Quirks {
  /** Takes `stream_options`; a server that does not tells its usage unasked. */
  streamOptions: boolean;
  /** What it calls the limit of an answer's tokens; null: it knows both names. */
  maxTokensName: 'max_tokens' | 'max_completion_tokens' | null;
  seedName: string;
  /** What it calls a tool choice of `required`. */
  requiredToolChoice: string;
  /** Parameters that it would refuse the whole request for. */
  refused: readonly string[];
  /** Speaks OpenAI's Responses API too. */
  responses: boolean;
  /** Azure: models stand in the address, and this is the version in its query. */
  apiVersion: string | null;
  /** Under which header its key goes; null: as a bearer. */
  keyHeader: string | null;
}

const usual: Quirks = {
  streamOptions: true,
  maxTokensName: null,
  seedName: 'seed',
  requiredToolChoice: 'required',
  refused: [],
  responses: false,
  apiVersion: null,
  keyHeader: null,
};

/** As the vendors' APIs are known to us; not one of these servers has been asked. What `QuirkSettings` names can be set otherwise. */
const flavours = {
  openai: { responses: true, maxTokensName: null },
  xai: { responses: true },
  azure: { apiVersion: '2024-10-21', keyHeader: 'api-key' },
  groq: { refused: ['logprobs', 'top_logprobs', 'logit_bias'] },
  mistral: {
    streamOptions: false,
    maxTokensName: 'max_tokens',
    seedName: 'random_seed',
    requiredToolChoice: 'any',
    refused: ['user', 'logit_bias', 'logprobs', 'top_logprobs', 'store', 'service_tier', 'metadata'],
  },
  deepseek: { maxTokensName: 'max_tokens', refused: ['seed', 'logit_bias', 'store', 'service_tier', 'metadata'] },
  openrouter: { maxTokensName: 'max_tokens' },
  ollama: { maxTokensName: 'max_tokens' },
  vllm: { maxTokensName: null },
} as const satisfies Record<string, Partial<Quirks>>;

export type Flavour = keyof typeof flavours;

/** What a connection says of its server: whose it is like, and in what it differs from that. */
export const QuirkSettings = z.strictObject({
  flavour: z.enum(Object.keys(flavours) as [Flavour, ...Flavour[]]).optional(),
  stream_options: z.boolean().optional(),
  max_tokens_name: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  responses: z.boolean().optional(),
  api_version: z
    .string()
    .regex(/^[\w.-]{1,40}$/)
    .optional(),
});
export type QuirkSettings = z.infer<typeof QuirkSettings>;

export function quirksOf(settings: QuirkSettings, flavour: Flavour | null): Quirks {
  const like = settings.flavour ?? flavour;
  const { stream_options: streamOptions, max_tokens_name: maxTokensName, responses } = settings;
  return {
    ...usual,
    ...(like === null ? {} : flavours[like]),
    ...(streamOptions === undefined ? {} : { streamOptions }),
    ...(maxTokensName === undefined ? {} : { maxTokensName }),
    ...(responses === undefined ? {} : { responses }),
    ...(settings.api_version === undefined ? {} : { apiVersion: settings.api_version }),
  };
}
