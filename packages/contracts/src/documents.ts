import { z } from 'zod';
import { defineJob } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';
import { PartyTier } from './parties.ts';

const tag = 'Documents';
const service = 'research-pipeline';
const routeClass = 'documents';

/** The largest file that is taken: 50 MiB. */
export const documentBytesMax = 50 * 1_048_576;
/** What a form may add to its file. */
const formBytesMax = 65_536;

export const DocumentStatus = z
  .enum(['pending', 'processing', 'completed', 'failed'])
  .describe(
    '`completed`: its text can be searched and cited. `failed`: `error` says why; uploading it again tries again.',
  )
  .meta({ id: 'DocumentStatus' });
export type DocumentStatus = z.infer<typeof DocumentStatus>;

export const DocumentType = z
  .enum([
    'invoice',
    'receipt',
    'purchase_order',
    'contract',
    'statement',
    'report',
    'letter',
    'resume',
    'paper',
    'other',
  ])
  .meta({ id: 'DocumentType' });
export type DocumentType = z.infer<typeof DocumentType>;

export const DocumentClassification = z
  .object({
    type: DocumentType,
    confidence: z.number().min(0).max(1),
    method: z
      .enum(['name', 'content', 'none'])
      .describe('By words of the file name, by words of the text, or by neither.'),
  })
  .meta({ id: 'DocumentClassification' });
export type DocumentClassification = z.infer<typeof DocumentClassification>;

const PartyFacts = z.object({ name: z.string(), tax_id: z.string().nullable(), address: z.string().nullable() });
const amount = z.number().nullable();

/** What stands on a document of business. What does not stand on it is null; nothing is calculated or guessed. */
export const DocumentFacts = z
  .object({
    vendor: PartyFacts.nullable(),
    customer: PartyFacts.nullable(),
    number: z.string().nullable(),
    date: z.string().nullable().describe('YYYY-MM-DD'),
    due_date: z.string().nullable().describe('YYYY-MM-DD'),
    currency: z.string().nullable().describe('ISO 4217'),
    subtotal: amount,
    tax: amount,
    total: amount,
    line_items: z.array(z.object({ description: z.string(), quantity: amount, unit_price: amount, amount })).max(500),
  })
  .meta({ id: 'DocumentFacts' });
export type DocumentFacts = z.infer<typeof DocumentFacts>;

export const DocumentExtraction = z
  .object({
    status: z
      .enum(['completed', 'not_applicable', 'not_configured', 'not_permitted', 'failed'])
      .describe(
        '`not_applicable`: it is no document of business. `not_configured`: no model is. `not_permitted`: whoever uploaded it ' +
          'may not ask models (`chat:write`).',
      ),
    model: z.string().nullable(),
    data: DocumentFacts.nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'DocumentExtraction' });
export type DocumentExtraction = z.infer<typeof DocumentExtraction>;

export const DocumentParty = z
  .object({
    role: z.enum(['vendor', 'customer']),
    party_id: z.string(),
    name: z.string(),
    tier: PartyTier,
    confidence: z.number().min(0).max(1),
    matched: z.boolean().describe('False: the party was new.'),
  })
  .meta({ id: 'DocumentParty' });
export type DocumentParty = z.infer<typeof DocumentParty>;

export const Document = z
  .object({
    id: z.string(),
    name: z.string().describe('As it was uploaded.'),
    content_type: z.string().describe('What it is by its content.'),
    bytes: z.int(),
    sha256: z.string().describe('Of the file.'),
    status: DocumentStatus,
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    title: z.string().nullable(),
    language: z.string().nullable().describe('ISO 639-1; null when its text does not tell.'),
    characters: z.int().nullable().describe('Of its text, in UTF-16 units, as offsets of citations count.'),
    pages: z.int().nullable().describe('Null where it has none.'),
    text_by: z
      .string()
      .nullable()
      .describe('The model that read the text off an image; null: the text stands in the file.'),
    classification: DocumentClassification.nullable(),
    extraction: DocumentExtraction.nullable(),
    parties: z.array(DocumentParty),
    created_at: z.iso.datetime(),
    created_by: z.string(),
    processed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Document' });
export type Document = z.infer<typeof Document>;

const DocumentParams = z.strictObject({ id: z.string().max(64).describe('The id of the document: `doc_…`.') });

export const uploadDocument = defineRoute({
  operationId: 'uploadDocument',
  service,
  method: 'post',
  path: '/api/v1/documents',
  tag,
  routeClass,
  summary: 'Upload a document, to be read and searched',
  description:
    'A form with one file in the field `file`: PDF, HTML, Markdown, plain text (ten million characters at most) or an image, ' +
    'told by its content. Answers 202 ' +
    'with `Location`. A file that the tenant has already is that document: it is answered with 200, and nothing is done again.',
  scope: 'documents:write',
  bodyTypes: ['multipart/form-data'],
  body: z.strictObject({ file: z.string().meta({ format: 'binary' }).describe('The file, 50 MiB at most.') }),
  bodyBytesMax: documentBytesMax + formBytesMax,
  firstByteTimeoutMs: 60_000,
  response: { status: 202, description: 'The document, accepted', schema: Document },
  alsoAnswers: [{ status: 200, description: 'The document, which was there already', schema: Document }],
});

export const listDocuments = defineRoute({
  operationId: 'listDocuments',
  service,
  method: 'get',
  path: '/api/v1/documents',
  tag,
  routeClass,
  summary: "List the tenant's documents, newest first",
  scope: 'documents:read',
  query: PageQuery.extend({
    status: DocumentStatus.optional().describe('Only documents in this state.'),
    type: DocumentType.optional().describe('Only documents of this type.'),
    party_id: z.string().max(64).optional().describe('Only documents that name this party.'),
  }),
  response: { status: 200, description: 'One page of documents', schema: pageOf(Document) },
});

export const getDocument = defineRoute({
  operationId: 'getDocument',
  service,
  method: 'get',
  path: '/api/v1/documents/{id}',
  tag,
  routeClass,
  summary: 'Get one document',
  scope: 'documents:read',
  params: DocumentParams,
  response: { status: 200, description: 'The document as it is now', schema: Document },
});

export const downloadDocument = defineRoute({
  operationId: 'downloadDocument',
  service,
  method: 'get',
  path: '/api/v1/documents/{id}/download',
  tag,
  routeClass,
  summary: 'Download the file as it was uploaded',
  scope: 'documents:read',
  params: DocumentParams,
  firstByteTimeoutMs: 30_000,
  response: {
    status: 200,
    description: 'The file, as an attachment of the type that its content has',
    schema: z.string(),
    contentType: 'application/octet-stream',
  },
});

export const getDocumentText = defineRoute({
  operationId: 'getDocumentText',
  service,
  method: 'get',
  path: '/api/v1/documents/{id}/text',
  tag,
  routeClass,
  summary: 'Get the text that was read from a document, in which citations of it have their places',
  scope: 'documents:read',
  params: DocumentParams,
  firstByteTimeoutMs: 30_000,
  response: {
    status: 200,
    description: 'The text; 409 while it is not read yet, or could not be',
    schema: z.object({
      document_id: z.string(),
      sha256: z.string().describe('Of the text in UTF-8.'),
      text: z.string(),
      pages: z
        .array(z.object({ page: z.int(), start: z.int(), end: z.int() }))
        .describe('Where each page lies in the text, in UTF-16 units.'),
    }),
  },
});

export const deleteDocument = defineRoute({
  operationId: 'deleteDocument',
  service,
  method: 'delete',
  path: '/api/v1/documents/{id}',
  tag,
  routeClass,
  summary: 'Delete a document with its file and everything that was read from it',
  scope: 'documents:write',
  params: DocumentParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

/** Reads, classifies and connects one document. */
export const processDocument = defineJob({
  name: 'documents.process',
  version: 1,
  worker: service,
  payload: z.object({ document_id: z.string() }),
});

/** Removes a file that no document uses, be it that the upload broke off or that the document was deleted. */
export const forgetDocumentFile = defineJob({
  name: 'documents.forget',
  version: 1,
  worker: service,
  payload: z.object({ storage_key: z.string() }),
  attempts: 10,
});

export const documentRoutes = [
  uploadDocument,
  listDocuments,
  getDocument,
  downloadDocument,
  getDocumentText,
  deleteDocument,
] as const;
