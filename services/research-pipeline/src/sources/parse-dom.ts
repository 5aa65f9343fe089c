import { DOMParser, parseHTML } from 'linkedom';

/** As much of the DOM as reading takes. */
export interface DomNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly firstChild: DomNode | null;
  readonly nextSibling: DomNode | null;
  readonly parentNode: DomNode | null;
}

export interface DomElement extends DomNode {
  readonly textContent: string | null;
  getAttribute(name: string): string | null;
  remove(): void;
  querySelector(selector: string): DomElement | null;
  querySelectorAll(selector: string): Iterable<DomElement>;
}

export interface DomDocument {
  readonly documentElement: DomElement;
  querySelector(selector: string): DomElement | null;
  querySelectorAll(selector: string): Iterable<DomElement>;
}

/** A page that has its `<html>`. Nothing in it runs or is loaded. Throws `RangeError` for one that is nested too deeply. */
export function parseHtml(html: string): DomDocument {
  const window: unknown = parseHTML(html);
  const document: unknown = typeof window === 'object' && window !== null ? Reflect.get(window, 'document') : null;
  return asDocument(document);
}

export function parseXml(xml: string): DomDocument {
  return asDocument(new DOMParser().parseFromString(xml, 'text/xml'));
}

/** The parser's own types are those of a browser, which this is not. */
function asDocument(parsed: unknown): DomDocument {
  if (isDocument(parsed)) return parsed;
  throw new TypeError('the parser gave no document');
}

function isDocument(parsed: unknown): parsed is DomDocument {
  return typeof parsed === 'object' && parsed !== null && 'querySelector' in parsed;
}
