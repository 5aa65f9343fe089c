import type { DocumentClassification, DocumentType } from '@signalbox/contracts';

/** Words that name a type, in the order in which types are tried: of two that fit alike, the first is taken. */
const words: readonly (readonly [DocumentType, readonly string[]])[] = [
  ['invoice', ['invoice', 'bill to', 'amount due', 'due date', 'invoice number', 'rechnung', 'facture', 'factura']],
  ['receipt', ['receipt', 'paid with', 'change due', 'cashier', 'quittung', 'beleg']],
  ['purchase_order', ['purchase order', 'po number', 'ship to', 'ordered by', 'bestellung']],
  ['contract', ['contract', 'agreement', 'hereinafter', 'governing law', 'the parties', 'vertrag', 'contrat']],
  ['statement', ['statement', 'opening balance', 'closing balance', 'account number', 'kontoauszug']],
  ['resume', ['resume', 'curriculum vitae', 'work experience', 'lebenslauf']],
  ['paper', ['abstract', 'introduction', 'related work', 'references', 'doi', 'arxiv']],
  ['letter', ['letter', 'dear', 'sincerely', 'yours faithfully', 'kind regards']],
  ['report', ['report', 'executive summary', 'findings', 'quarterly', 'annual', 'bericht', 'rapport']],
];

const previewLength = 4_000;
/** One word of a text proves little, as every letter may name an invoice. */
const contentWordsMin = 2;

/**
 * What a document is, by the words of its name, or else by those at the beginning of its text: the type with the most of them.
 * The confidence grows with their number: `min(.95, .75 + .10 n)` by name, `min(.85, .65 + .10 n)` by content, .50 for neither.
 */
export function classifyDocument(name: string, text: string): DocumentClassification {
  const byName = best(asWords(name), 1);
  if (byName !== null) return { type: byName.type, confidence: confidence(0.95, 0.75, byName.count), method: 'name' };
  const byContent = best(asWords(text.slice(0, previewLength)), contentWordsMin);
  if (byContent !== null) {
    return { type: byContent.type, confidence: confidence(0.85, 0.65, byContent.count), method: 'content' };
  }
  return { type: 'other', confidence: 0.5, method: 'none' };
}

function best(text: string, countMin: number): { type: DocumentType; count: number } | null {
  let found: { type: DocumentType; count: number } | null = null;
  for (const [type, named] of words) {
    const count = named.filter((word) => text.includes(` ${word} `)).length;
    if (count >= countMin && count > (found?.count ?? 0)) found = { type, count };
  }
  return found;
}

/** Words in small letters with one space on either side. */
function asWords(text: string): string {
  return ` ${(text.toLowerCase().match(/[\p{L}\p{M}]+|\d+/gu) ?? []).join(' ')} `;
}

function confidence(max: number, base: number, count: number): number {
  return Math.min(max, Math.round((base + 0.1 * count) * 100) / 100);
}
