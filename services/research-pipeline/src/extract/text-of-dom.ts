import type { DomNode } from '../sources/parse-dom.ts';
import { blockApart, cellApart, lineApart, TextWriter } from './text-writer.ts';

const blocks = new Set(
  (
    'ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY CAPTION CENTER DD DETAILS DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM H1 H2 ' +
    'H3 H4 H5 H6 HEADER HR MAIN NAV OL P PRE SECTION SUMMARY TABLE UL'
  ).split(' '),
);
const lines = new Set(['BR', 'LI', 'TR', 'THEAD', 'TBODY', 'TFOOT']);
const cells = new Set(['TD', 'TH']);
const unread = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'HEAD', 'TITLE', 'SVG']);
const [elementNode, textNode] = [1, 3];

/** The text below a node as a reader sees it: blocks apart, lines and cells kept. However deep it is, the stack is not. */
export function textOfDom(root: DomNode): string {
  const writer = new TextWriter();
  let preformatted: DomNode | null = null;
  let node = root;
  for (;;) {
    if (node.nodeType === textNode) {
      if (preformatted === null) writer.write(node.nodeValue ?? '');
      else writer.writeAsIs((node.nodeValue ?? '').replaceAll('\r\n', '\n'));
    }
    const name = node.nodeName.toUpperCase();
    const isEntered = node.nodeType === elementNode && !unread.has(name);
    if (isEntered) separate(writer, name);
    if (isEntered && name === 'PRE') preformatted ??= node;
    if ((isEntered || node === root) && node.firstChild !== null) {
      node = node.firstChild;
      continue;
    }
    // Up until there is something beside.
    while (node.nextSibling === null || node === root) {
      leave(node);
      if (node === root || node.parentNode === null) return writer.toString();
      node = node.parentNode;
    }
    leave(node);
    node = node.nextSibling;
  }

  function leave(left: DomNode): void {
    if (left.nodeType === elementNode) separate(writer, left.nodeName.toUpperCase());
    if (left === preformatted) preformatted = null;
  }
}

function separate(writer: TextWriter, name: string): void {
  if (blocks.has(name)) writer.separate(blockApart);
  else if (lines.has(name)) writer.separate(lineApart);
  else if (cells.has(name)) writer.separate(cellApart);
}
