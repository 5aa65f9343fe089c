import { pipeline } from 'node:stream/promises';
import {
  deleteDocument as deleteContract,
  downloadDocument,
  getDocument,
  getDocumentText,
  listDocuments,
  uploadDocument as uploadContract,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import {
  keysetPage,
  mountBytesRoute,
  mountRawRoute,
  mountRoute,
  pageStart,
  readFormParts,
  reply,
  type Routes,
} from '@signalbox/http';
import { deleteDocument, type DeleteDeps } from './delete-document.ts';
import { listDocumentParties } from './document-party-store.ts';
import { findDocument, listDocumentRows } from './document-store.ts';
import { noDocument, type StoredDocument } from './document.ts';
import { readText } from './passage-store.ts';
import { presentDocument } from './present-document.ts';
import { uploadDocument, type UploadDeps } from './upload-document.ts';

export type DocumentRouteDeps = UploadDeps & DeleteDeps;

/** Bytes of uploads that a process holds at a time. */
const heldBytesMax = 256 * 1_048_576;
const nameLengthMax = 255;

export function mountDocumentRoutes(routes: Routes, deps: DocumentRouteDeps): void {
  const { db, storage } = deps;
  const get = async (tenantId: string, id: string): Promise<StoredDocument> => {
    const document = await findDocument(db, tenantId, id);
    if (document === null) throw noDocument();
    return document;
  };

  const partiesOf = (documents: readonly StoredDocument[], tenantId: string) =>
    listDocumentParties(
      db,
      tenantId,
      documents.map(({ id }) => id),
    );

  mountUpload(routes, deps);

  mountRoute(routes, listDocuments, async ({ principal: { tenantId }, query }) => {
    const list = listDocuments.operationId;
    const start = pageStart(list, query, ['string']);
    const [after] = start.after ?? [];
    const filter = { status: query.status ?? null, type: query.type ?? null, partyId: query.party_id ?? null };
    const stretch = {
      after: typeof after === 'string' ? after : null,
      backwards: start.backwards,
      limit: start.fetch,
    };
    const rows = await listDocumentRows(db, tenantId, filter, stretch);
    const parties = await partiesOf(rows, tenantId);
    const present = (document: StoredDocument) => presentDocument(document, parties.get(document.id) ?? []);
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present });
  });

  mountRoute(routes, getDocument, async ({ principal: { tenantId }, params }) => {
    const document = await get(tenantId, params.id);
    return presentDocument(document, (await partiesOf([document], tenantId)).get(document.id) ?? []);
  });

  mountRoute(routes, getDocumentText, async ({ principal: { tenantId }, params }) => {
    const { id, status, textSha256, pages } = await get(tenantId, params.id);
    if (status !== 'completed' || textSha256 === null) {
      throw new AppError('conflict', 'The document has no text, or none yet.', { details: { status } });
    }
    return { document_id: id, sha256: textSha256, text: await readText(db, tenantId, id), pages: pages ?? [] };
  });

  mountRawRoute(routes, downloadDocument, async ({ principal, params, request, response, signal }) => {
    const document = await get(principal.tenantId, params.id);
    const file = request.method === 'HEAD' ? null : await storage.stream(document.storageKey, signal);
    if (file === null && request.method !== 'HEAD') {
      throw new AppError('unavailable', 'The file of the document cannot be read at the moment.');
    }
    response.statusCode = 200;
    response.setHeader('Content-Type', document.contentType);
    response.setHeader('Content-Length', document.bytes);
    response.setHeader('Content-Disposition', dispositionOf(document.name));
    // Whatever is in it: it is looked at nowhere but where it was saved.
    response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('ETag', `"${document.sha256}"`);
    if (file === null) response.end();
    else await pipeline(file, response);
  });

  mountRoute(routes, deleteContract, async ({ principal, requestId, params }) => {
    await deleteDocument(deps, { principal, requestId }, params.id);
    return null;
  });
}

function mountUpload(routes: Routes, deps: DocumentRouteDeps): void {
  let heldBytes = 0;
  mountBytesRoute(
    routes,
    uploadContract,
    async ({ principal, requestId, bodyBytes, request, signal }) => {
      heldBytes += bodyBytes.length;
      try {
        const file = await fileIn(bodyBytes, request.headers['content-type'] ?? '');
        const { document, isNew } = await uploadDocument(deps, { principal, requestId }, file, signal);
        const { tenantId } = principal;
        const parties = await listDocumentParties(deps.db, tenantId, [document.id]);
        return reply(presentDocument(document, parties.get(document.id) ?? []), {
          status: isNew ? 202 : 200,
          headers: {
            Location: `/api/v1/documents/${document.id}`,
            ...(isNew ? {} : { 'Idempotent-Replayed': 'true' }),
          },
        });
      } finally {
        heldBytes -= bodyBytes.length;
      }
    },
    {
      admit: (announced) => {
        if (heldBytes + announced <= heldBytesMax) return;
        throw new AppError('unavailable', 'Too many documents are being uploaded.', { retryAfterMs: 2_000 });
      },
    },
  );
}

async function fileIn(body: Buffer, contentType: string): Promise<{ name: string; bytes: Buffer }> {
  const parts = await readFormParts(body, contentType);
  const stranger = parts.find(({ name }) => name !== 'file');
  if (stranger !== undefined) throw notValid(stranger.name.slice(0, 100), 'Expected no field but `file`.');
  const [file, second] = parts;
  if (file?.kind !== 'file') throw notValid('file', 'Expected a file.');
  if (second !== undefined) throw notValid('file', 'Expected one file.');
  return { name: nameOf(file.fileName), bytes: file.bytes };
}

/** The last part of what may be a path, without what no name should have. A browser writes `%22` where a name has a quote. */
function nameOf(given: string | null): string {
  const name = (given ?? '')
    .replaceAll('%22', '"')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replace(/^.*[\\/]/, '')
    .trim()
    .slice(0, nameLengthMax);
  return name === '' || name === '.' || name === '..' ? 'document' : name.toWellFormed();
}

/** RFC 6266: a name in ASCII for old clients, and the name itself. */
function dispositionOf(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function notValid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
