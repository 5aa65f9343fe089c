import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getReDoc, getSwaggerUi, type RouteContract } from '@signalbox/contracts';

/** One file of a document page, as it is served. */
export interface DocumentFile {
  path: string;
  /** The page that the file belongs to, and with whose rules it is served. */
  page: RouteContract;
  contentType: string;
  body: Buffer;
  etag: string;
  contentSecurityPolicy: string;
}

const require = createRequire(import.meta.url);

// Exactly what each page needs: scripts of our own origin and none inline. Both libraries write style elements.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const script = 'text/javascript; charset=utf-8';
const html = 'text/html; charset=utf-8';

/** The pages `/docs` and `/redoc` with everything they load, from the packages that are installed: nothing comes from elsewhere. */
export function loadDocumentFiles(): DocumentFile[] {
  return [
    file(getSwaggerUi, '/docs', html, page('Signalbox API', '/docs', ['swagger-ui-bundle.js'], ['swagger-ui.css'])),
    file(getSwaggerUi, '/docs/swagger-ui.css', 'text/css; charset=utf-8', installed('swagger-ui-dist/swagger-ui.css')),
    file(getSwaggerUi, '/docs/swagger-ui-bundle.js', script, installed('swagger-ui-dist/swagger-ui-bundle.js')),
    file(
      getSwaggerUi,
      '/docs/start.js',
      script,
      `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null });\n`,
    ),
    file(getReDoc, '/redoc', html, page('Signalbox API reference', '/redoc', ['redoc.standalone.js'], [])),
    file(getReDoc, '/redoc/redoc.standalone.js', script, redocWithoutForeignLogo()),
    // The search would start a worker from a blob, which the policy does not allow.
    file(
      getReDoc,
      '/redoc/start.js',
      script,
      `Redoc.init('/openapi.json', { disableSearch: true }, document.getElementById('page'));\n`,
    ),
  ];
}

/** Its foot would fetch the maker's logo from the maker, past a policy that forbids it. What cannot be shown it leaves out. */
function redocWithoutForeignLogo(): string {
  return installed('redoc/bundles/redoc.standalone.js')
    .toString()
    .replaceAll('https://cdn.redoc.ly/redoc/logo-mini.svg', 'data:,');
}

function installed(path: string): Buffer {
  return readFileSync(require.resolve(path));
}

function file(contract: RouteContract, path: string, contentType: string, content: string | Buffer): DocumentFile {
  const body = Buffer.from(content);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { path, page: contract, contentType, body, etag, contentSecurityPolicy: policy };
}

function page(title: string, folder: string, scripts: readonly string[], styles: readonly string[]): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>`,
    '<link rel="icon" href="data:,">',
    ...styles.map((name) => `<link rel="stylesheet" href="${folder}/${name}">`),
    '<div id="page"></div>',
    ...[...scripts, 'start.js'].map((name) => `<script src="${folder}/${name}"></script>`),
    '</html>',
    '',
  ].join('\n');
}
