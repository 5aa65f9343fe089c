import type { Described } from './extraction.ts';

export type ContentKind = 'pdf' | 'html' | 'markdown' | 'text';

export interface SniffedContent {
  kind: ContentKind;
  contentType: string;
  /** The encoding that was declared with the bytes, not in them. */
  charset: string | null;
}

const suffixes: Readonly<Record<string, ContentKind>> = {
  md: 'markdown',
  markdown: 'markdown',
  mkd: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
};

const types: Readonly<Record<string, ContentKind>> = {
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/markdown': 'markdown',
  'text/x-markdown': 'markdown',
  'text/plain': 'text',
};

/** Formats that some name as text, known by how they begin. */
const binaryMarks = ['PK\u0003\u0004', '\u0089PNG', 'GIF8', '\u00ff\u00d8\u00ff', '\u001f\u008b', '\u007fELF', 'Rar!'];

const markupStart = /^(?:\s|<!--[^]*?-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html|head|body)[\s>]/i;

/**
 * What the bytes are, by themselves first, then by what was said of them; null when they are nothing that is text. A suffix
 * makes no PDF, and a name makes no text of an archive.
 */
export function sniffContent(bytes: Uint8Array, { contentType, name, url }: Described): SniffedContent | null {
  const { essence, charset } = mediaTypeOf(contentType);
  const start = Buffer.from(bytes.subarray(0, 1_024)).toString('latin1');
  if (start.includes('%PDF-')) return { kind: 'pdf', contentType: 'application/pdf', charset: null };
  if (essence === 'application/pdf' || binaryMarks.some((mark) => start.startsWith(mark))) return null;
  const isWide = /^(?:\u00ff\u00fe|\u00fe\u00ff)/.test(start) || /^utf-?16/i.test(charset ?? '');
  if (!isWide && start.includes('\0')) return null;
  const named = suffixes[suffixOf(name) ?? suffixOf(url) ?? ''];
  const claimed = types[essence];
  if (claimed === 'html' || claimed === 'markdown') return { kind: claimed, contentType: typeOf(claimed), charset };
  if (named !== undefined) return { kind: named, contentType: typeOf(named), charset };
  if (claimed === undefined && markupStart.test(withoutMark(start)))
    return { kind: 'html', contentType: 'text/html', charset };
  if (claimed === undefined && !isText(essence)) return null;
  const isNamed = claimed === undefined && essence !== '' && essence !== 'application/octet-stream';
  return { kind: 'text', contentType: isNamed ? essence : 'text/plain', charset };
}

function typeOf(kind: 'html' | 'markdown' | ContentKind): string {
  return kind === 'html' ? 'text/html' : kind === 'markdown' ? 'text/markdown' : 'text/plain';
}

/** Nothing said, or bytes that nobody named, may be text; what was named as something else is that. */
function isText(essence: string): boolean {
  return (
    essence === '' ||
    essence === 'application/octet-stream' ||
    essence.startsWith('text/') ||
    /^application\/(?:[\w.+-]+\+)?(?:json|xml|yaml|x-yaml|x-ndjson)$/.test(essence)
  );
}

function mediaTypeOf(contentType: string | null): { essence: string; charset: string | null } {
  const [essence = '', ...parameters] = (contentType ?? '').split(';');
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^\s";]+)/i.exec(parameter)?.[1])
    .find((found) => found !== undefined);
  return { essence: essence.trim().toLowerCase(), charset: charset ?? null };
}

function suffixOf(name: string | null): string | null {
  const path = name === null ? '' : name.replace(/[?#].*$/s, '');
  return /\.([a-z0-9]{1,8})$/i.exec(path)?.[1]?.toLowerCase() ?? null;
}

function withoutMark(start: string): string {
  return start.replace(/^\u00ef\u00bb\u00bf/, '');
}
