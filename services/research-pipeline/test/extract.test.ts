import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createExtractor, type ExtractorOptions } from '../src/extract/create-extractor.ts';
import type { Described, ExtractedText, Extraction } from '../src/extract/extraction.ts';
import { makePdf } from './make-pdf.ts';

async function extract(
  bytes: Buffer | string,
  described: Partial<Described> = {},
  options: ExtractorOptions = {},
): Promise<Extraction> {
  await using extractor = createExtractor({ threadsMax: 1, ...options });
  return await extractor.extract(Buffer.from(bytes), { contentType: null, name: null, url: null, ...described });
}

async function read(bytes: Buffer | string, described: Partial<Described> = {}): Promise<ExtractedText> {
  const extraction = await extract(bytes, described);
  if (extraction.status === 'failed') throw new Error(extraction.reason);
  return extraction;
}

const html = { contentType: 'text/html; charset=utf-8' };
const paragraph = (subject: string): string =>
  `${subject} was measured over eleven winters by the crew of the station, who wrote down every reading by hand, and ` +
  `whose books were found complete when the roof was mended. The numbers, which nobody had looked at for forty years, ` +
  `agree with those of the satellites to within two parts in a hundred.`;

describe('CR-11: HTML', () => {
  it('gives the article without what stands around it, its blocks apart, with title, language and date', async () => {
    const page = `<!doctype html><html lang="en-GB"><head><title>Ice | The Daily</title>
      <meta property="og:title" content="Ice"><meta property="article:published_time" content="2024-03-05T08:00:00+01:00"></head>
      <body><nav><ul><li><a href="/">Home</a></li><li><a href="/x">Subscribe now</a></li></ul></nav>
      <article><h1>Ice</h1><p>${paragraph('Sea ice')}</p><p>${paragraph('Snow')}</p>
      <table><tr><th>Year</th><th>Area</th></tr><tr><td>1961</td><td>14.2</td></tr></table>
      <ul><li>first</li><li>second</li></ul></article>
      <footer>All rights reserved</footer></body></html>`;
    const found = await read(page, html);
    expect(found).toMatchObject({
      title: 'Ice',
      language: 'en',
      contentType: 'text/html',
      publishedAt: '2024-03-05T07:00:00.000Z',
      pages: [],
    });
    expect(found.text).toContain(`${paragraph('Sea ice')}\n\n${paragraph('Snow')}`);
    expect(found.text).toContain('Year\tArea\n1961\t14.2');
    expect(found.text).toContain('first\nsecond');
    expect(found.text).not.toMatch(/Subscribe|rights reserved|<|Home/);
  });

  it('leaves out what no reader sees, where orders to machines are hidden', async () => {
    const hidden = [
      '<p style="display:none">canary</p>',
      '<p hidden>canary</p>',
      '<p aria-hidden="true">canary</p>',
      '<span style="font-size:0px">canary</span>',
      '<span style="position:absolute; left:-9999px">canary</span>',
      '<span style="opacity: 0">canary</span>',
      '<div style="visibility : hidden">canary</div>',
      '<script>canary()</script><style>canary{}</style><template>canary</template><!-- canary -->',
      '<noscript>canary</noscript><svg><text>canary</text></svg><textarea>canary</textarea>',
    ].join('');
    const found = await read(`<html><body><p>${paragraph('Sea ice')}</p>${hidden}</body></html>`, html);
    expect(found.text).toBe(paragraph('Sea ice'));
  });

  it('reads a short page and a fragment whole', async () => {
    expect((await read('<p>One &amp; two</p><p>three<br>four</p>', html)).text).toBe('One & two\n\nthree\nfour');
  });

  it('keeps the lines of preformatted text', async () => {
    expect((await read('<h2>a<a href="#a">¶</a></h2><pre>\nx = 1\n  y = 2\n\n</pre><p>b</p>', html)).text).toBe(
      'a\n\nx = 1\n  y = 2\n\nb',
    );
  });
});

describe('CR-11: characters', () => {
  const german = 'Die Größe der Fläche wächst im Frühling: schöne Grüße aus Köln und Zürich, wo es heiß ist.';
  it.each([
    ['declared by the server', 'text/plain; charset=iso-8859-1', Buffer.from(german, 'latin1')],
    ['declared wrongly, being UTF-8', 'text/plain; charset=iso-8859-1', Buffer.from(german, 'utf8')],
    ['declared by nobody, UTF-8', 'text/plain', Buffer.from(german, 'utf8')],
    ['declared by nobody, not UTF-8', 'text/plain', Buffer.from(german, 'latin1')],
    ['with a mark, UTF-16', 'text/plain', Buffer.from(`\ufeff${german}`, 'utf16le')],
    ['with a mark, UTF-8', 'text/plain', Buffer.from(`\ufeff${german}`, 'utf8')],
    ['declared in the page', 'text/html', Buffer.from(`<meta charset="windows-1252"><p>${german}</p>`, 'latin1')],
  ])('%s', async (_what, contentType, bytes) => {
    expect(await read(bytes, { contentType })).toMatchObject({ text: german, language: 'de' });
  });

  it('of other scripts are told by their bytes', async () => {
    const cyrillic =
      'Каждое утро сотрудники станции выходили на лёд и записывали толщину снега. Эти книги нашли, когда чинили крышу, ' +
      'и оказалось, что числа почти не отличаются от тех, которые измеряют спутники. Никто не знал, что они сохранились.';
    const bytes = Buffer.from(
      Array.from(cyrillic, (letter) => {
        const point = letter.codePointAt(0) ?? 0;
        if (letter === 'ё') return 0xb8;
        return point >= 0x410 && point <= 0x44f ? point - 0x350 : point;
      }),
    );
    expect(await read(bytes, { contentType: 'text/plain' })).toMatchObject({ text: cyrillic, language: 'ru' });
  });

  it('that no database keeps are replaced without moving anything', async () => {
    const found = await read('<p>a&#0;b \ud800 c</p>', html);
    expect(found.text).not.toMatch(/\0/);
    expect(found.text.isWellFormed()).toBe(true);
  });
});

describe('CR-11: languages', () => {
  it.each([
    ['fr', 'La fonte des glaces a été mesurée pendant onze hivers par les hommes de la station, qui notaient tout.'],
    ['es', 'El hielo del mar fue medido durante once inviernos por los hombres de la estación, que lo anotaban todo.'],
    ['zh', '海冰在十一个冬天里由站上的人员测量，他们用手记下了每一个读数，屋顶修好时这些书完整地被发现了。'],
    ['ja', '海氷は十一回の冬にわたって観測所の隊員によって測定され、すべての値が手で書き留められていました。'],
  ])('%s', async (language, text) => {
    expect((await read(text, { contentType: 'text/plain' })).language).toBe(language);
  });

  it('is what the page claims when there is too little to tell, and null when nobody claims anything', async () => {
    expect((await read('<html lang="sv"><body><p>Is</p></body></html>', html)).language).toBe('sv');
    expect((await read('Is', { contentType: 'text/plain' })).language).toBeNull();
  });
});

describe('CR-11: Markdown and text', () => {
  it('reads Markdown as a reader sees it', async () => {
    const markdown = `---\ntitle: "The ice"\ndate: 2023-11-02\n---\n\n# Heading\n\nSome **bold** [link](https://x.example) and \`code\`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n`;
    const found = await read(markdown, { contentType: 'text/plain', name: 'ice.md' });
    expect(found).toMatchObject({
      title: 'The ice',
      contentType: 'text/markdown',
      publishedAt: '2023-11-02T00:00:00.000Z',
    });
    expect(found.text).toBe('Heading\n\nSome bold link and code.\n\none\ntwo\n\na\tb\n1\t2');
  });

  it('reads text as it is, with its pages', async () => {
    const found = await read('Minutes\r\n\r\nFirst page.\fSecond page.', { contentType: 'text/plain' });
    expect(found.title).toBe('Minutes');
    expect(found.pages.map(({ page, start, end }) => [page, found.text.slice(start, end)])).toEqual([
      [1, 'Minutes\n\nFirst page.'],
      [2, 'Second page.'],
    ]);
  });

  it('takes the name for a title where there is none', async () => {
    expect((await read('just words', { name: 'notes.txt' })).title).toBe('notes.txt');
    expect((await read('just words', { url: 'https://a.example/b/' })).title).toBe('a.example/b');
  });
});

describe('CR-11: PDF', () => {
  it('gives the text with the span of each page, paragraphs whole, whatever name and type it came under', async () => {
    const bytes = await makePdf([[paragraph('Sea ice'), paragraph('Snow')], [paragraph('Wind')]], {
      title: 'Readings',
    });
    const found = await read(bytes, { contentType: 'text/html', name: 'page.html' });
    expect(found).toMatchObject({ title: 'Readings', contentType: 'application/pdf', language: 'en' });
    expect(found.pages.map(({ page, start, end }) => [page, found.text.slice(start, end)])).toEqual([
      [1, `${paragraph('Sea ice')}\n\n${paragraph('Snow')}`],
      [2, paragraph('Wind')],
    ]);
  });

  it('takes the largest lines of the first page for a title where it has none', async () => {
    const bytes = await makePdf([[paragraph('Sea ice')]], {
      decorate: (document) => {
        document.fontSize(20).text('Eleven winters').moveDown();
      },
    });
    expect(await read(bytes, { name: 'scan-0001.pdf' })).toMatchObject({ title: 'Eleven winters' });
    expect((await read(await makePdf([[paragraph('Snow')]]), { name: 'snow.pdf' })).title).toBe('snow.pdf');
  });

  it('leaves out the lines that run through all pages, and joins words that lines divide', async () => {
    const pages = Array.from({ length: 5 }, (_, index) => [
      `On page ${'abcde'[index] ?? ''} the measure-\nment goes on to part ${'abcde'[index] ?? ''}.`,
    ]);
    const bytes = await makePdf(pages, {
      decorate: (document, page) => {
        document
          .fontSize(8)
          .text(`Proceedings of the Society, page ${String(page)}`)
          .moveDown(2);
      },
    });
    const found = await read(bytes);
    expect(found.text).not.toContain('Proceedings');
    expect(found.text).toContain('On page c the measurement goes on to part c.');
  });

  it.each([
    ['a password', () => makePdf([['secret']], { password: 'x' }), /password/],
    ['no text', () => makePdf([[]]), /no text/],
    ['damage', async () => Buffer.from('%PDF-1.7\nthis is no PDF at all'), /damaged/],
  ])('says so when there is %s', async (_what, make, reason) => {
    expect(await extract(await make())).toEqual({ status: 'failed', reason: expect.stringMatching(reason) });
  });
});

describe('CR-11: what cannot be read is an outcome', () => {
  it.each([
    ['an archive that is called text', gzipSync('x'), { contentType: 'text/plain' }, /no format/],
    ['a picture', Buffer.from('\u0089PNG\r\n', 'latin1'), { contentType: 'text/html' }, /no format/],
    ['bytes', Buffer.from([0, 1, 2, 3]), {}, /no format/],
    ['a PDF that is none', Buffer.from('hello'), { contentType: 'application/pdf' }, /no format/],
    ['nothing', Buffer.alloc(0), {}, /no text/],
    ['a page of scripts', Buffer.from('<html><body><script>x()</script></body></html>'), html, /no text/],
    ['a type that is no text', Buffer.from('hello'), { contentType: 'font/woff2' }, /no format/],
  ])('%s', async (_what, bytes, described, reason) => {
    expect(await extract(bytes, described)).toEqual({ status: 'failed', reason: expect.stringMatching(reason) });
  });

  it.each([
    ['deep elements', '<div>'.repeat(5_000) + 'x', html],
    ['deep elements with attributes', '<div class="a>b">'.repeat(50_000) + 'x', html],
    ['deep quotes', `${'>'.repeat(20_000)} x`, { name: 'a.md' }],
    ['deep lists', `${'- '.repeat(20_000)} x`, { name: 'a.md' }],
    ['deep brackets', `${'['.repeat(50_000)} x`, { name: 'a.md' }],
    ['open emphasis', '*a '.repeat(30_000), { name: 'a.md' }],
  ])('%s end in time, one way or the other', async (_what, text, described) => {
    const extraction = await extract(text, described, { timeoutMs: 20_000 });
    expect(['extracted', 'failed']).toContain(extraction.status);
  });

  it('ends a document that takes too long, and reads the next one', async () => {
    await using extractor = createExtractor({ threadsMax: 1, timeoutMs: 1 });
    const slow = Buffer.from(`<html><body>${`<p>${paragraph('Ice')}</p>`.repeat(5_000)}</body></html>`);
    expect(await extractor.extract(slow, { contentType: 'text/html', name: null, url: null })).toEqual({
      status: 'failed',
      reason: expect.stringContaining('more than 1 ms'),
    });
  });

  it('ends a document that grows beyond its memory', async () => {
    const extraction = await extract(pdfBomb(), {}, { memoryBytesMax: 200_000_000 });
    expect(extraction).toEqual({ status: 'failed', reason: expect.stringContaining('too much memory') });
  });

  it('ends when its caller no longer wants it, also while it waits for its turn', async () => {
    await using extractor = createExtractor({ threadsMax: 1 });
    const caller = new AbortController();
    const reason = new Error('no longer wanted');
    const described = { contentType: 'text/html', name: null, url: null, signal: caller.signal };
    const slow = Buffer.from(`<html><body>${`<p>${paragraph('Ice')}</p>`.repeat(5_000)}</body></html>`);
    const both = [extractor.extract(slow, described), extractor.extract(slow, described)];
    caller.abort(reason);
    for (const one of both) await expect(one).rejects.toBe(reason);
    const after = await extractor.extract(Buffer.from('still here'), { contentType: null, name: null, url: null });
    expect(after).toMatchObject({ status: 'extracted', text: 'still here' });
  });
});

/** A PDF of half a megabyte whose one page unpacks to 400 megabytes of spaces. */
function pdfBomb(): Buffer {
  const content = deflateSync(Buffer.alloc(400_000_000, ' '));
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] /Contents 4 0 R /Resources << >> >>',
  ].map((body, index) => Buffer.from(`${String(index + 1)} 0 obj\n${body}\nendobj\n`));
  const stream = Buffer.concat([
    Buffer.from(`4 0 obj\n<< /Length ${String(content.length)} /Filter /FlateDecode >>\nstream\n`),
    content,
    Buffer.from('\nendstream\nendobj\n'),
  ]);
  return Buffer.concat([
    Buffer.from('%PDF-1.7\n'),
    ...objects,
    stream,
    Buffer.from('trailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n'),
  ]);
}
