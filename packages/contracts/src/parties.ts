import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Parties';
const service = 'research-pipeline';
const routeClass = 'documents';

export const PartyTier = z
  .enum(['tax_id', 'name', 'fuzzy_name', 'name_and_address', 'new'])
  .describe(
    'How it was told who is meant: the same tax id or the same name (confidence 1), a name written alike (0.90 or more), a ' +
      'name and an address that are alike (0.80 or more); `new`: nobody who was there.',
  )
  .meta({ id: 'PartyTier' });
export type PartyTier = z.infer<typeof PartyTier>;

export const PartyMention = z
  .strictObject({
    name: z.string().trim().min(1).max(300),
    tax_id: z.string().trim().min(1).max(60).optional(),
    address: z.string().trim().min(1).max(500).optional(),
  })
  .describe('Somebody, as a document names them.')
  .meta({ id: 'PartyMention' });
export type PartyMention = z.infer<typeof PartyMention>;

export const Party = z
  .object({
    id: z.string(),
    name: z.string().describe('As it was first read.'),
    tax_id: z.string().nullable().describe('In capital letters and digits alone.'),
    address: z.string().nullable(),
    merged_into: z.string().nullable().describe('The party that it turned out to be.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .describe('Somebody whom documents name: who sells, who buys.')
  .meta({ id: 'Party' });
export type Party = z.infer<typeof Party>;

export const PartyResolution = z
  .object({
    party: Party,
    matched: z.boolean().describe('False: the party is new.'),
    tier: PartyTier,
    confidence: z.number().min(0).max(1),
    review_id: z.string().nullable().describe('Somebody like it was there: a person says whether it is the same.'),
  })
  .meta({ id: 'PartyResolution' });
export type PartyResolution = z.infer<typeof PartyResolution>;

export const PartyReviewStatus = z.enum(['pending', 'same', 'different']).meta({ id: 'PartyReviewStatus' });
export type PartyReviewStatus = z.infer<typeof PartyReviewStatus>;

export const PartyReview = z
  .object({
    id: z.string(),
    status: PartyReviewStatus,
    party: Party.describe('The one that was made.'),
    candidate: Party.describe('The one that was there and is like it.'),
    score: z.number().min(0).max(1).describe('How alike they are.'),
    document_id: z.string().nullable().describe('The document that named it.'),
    decided_by: z.string().nullable(),
    decided_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'PartyReview' });
export type PartyReview = z.infer<typeof PartyReview>;

const IdParams = z.strictObject({ id: z.string().max(64).describe('Its id.') });
const base = { service, tag, routeClass } as const;

export const resolveParty = defineRoute({
  ...base,
  operationId: 'resolveParty',
  method: 'post',
  path: '/api/v1/parties/resolve',
  summary: 'Say who is meant by a name, a tax id and an address; somebody new is taken in',
  description:
    'Answers 201 when the party is new. One that is only like another is taken in as a new one all the same, and waits for a ' +
    'person to say whether they are the same: nothing is merged by itself below 0.80.',
  scope: 'documents:write',
  body: PartyMention,
  response: { status: 200, description: 'Who is meant', schema: PartyResolution },
  alsoAnswers: [{ status: 201, description: 'Somebody new', schema: PartyResolution }],
});

export const listParties = defineRoute({
  ...base,
  operationId: 'listParties',
  method: 'get',
  path: '/api/v1/parties',
  summary: "List the tenant's parties, newest first",
  scope: 'documents:read',
  query: PageQuery.extend({
    name: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .describe('Only those of this name, in whatever case and order of words.'),
  }),
  response: { status: 200, description: 'One page of parties', schema: pageOf(Party) },
});

export const getParty = defineRoute({
  ...base,
  operationId: 'getParty',
  method: 'get',
  path: '/api/v1/parties/{id}',
  summary: 'Get one party',
  scope: 'documents:read',
  params: IdParams,
  response: { status: 200, description: 'The party', schema: Party },
});

export const listPartyReviews = defineRoute({
  ...base,
  operationId: 'listPartyReviews',
  method: 'get',
  path: '/api/v1/party-reviews',
  summary: 'List the pairs of parties that a person decides on, newest first',
  scope: 'documents:read',
  query: PageQuery.extend({ status: PartyReviewStatus.optional().describe('Only those in this state.') }),
  response: { status: 200, description: 'One page of reviews', schema: pageOf(PartyReview) },
});

export const decidePartyReview = defineRoute({
  ...base,
  operationId: 'decidePartyReview',
  method: 'post',
  path: '/api/v1/party-reviews/{id}/decide',
  summary: 'Say whether two parties are the same; if so, they become the one that was there first',
  description: 'Decided once: the same decision again changes nothing, another one is a conflict.',
  scope: 'documents:write',
  params: IdParams,
  body: z.strictObject({ decision: z.enum(['same', 'different']) }),
  response: { status: 200, description: 'The review, decided', schema: PartyReview },
});

export const partyRoutes = [resolveParty, listParties, getParty, listPartyReviews, decidePartyReview] as const;
