import { renderAnalysis } from './render-analysis.ts';
import { drawBars } from './draw-chart.ts';
import { html, Markup, webAddress } from './markup.ts';
import type { Report, ReportCitation, ReportSentence, ReportSource } from './report.ts';
import { reportPolicy, reportStyle } from './report-style.ts';

/** The report as one page that needs nothing else: its style and its pictures are in it, and no script is. */
export function renderHtml(report: Report): Buffer {
  const page = html`<!doctype html>
    <html lang="${report.language ?? 'en'}">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${reportPolicy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <title>${report.title}</title>
        ${new Markup(`<style>${reportStyle}</style>`)}
      </head>
      <body>
        <main>
          <h1>${report.title}</h1>
          <p class="faint">
            Research of <time datetime="${report.asOf}">${report.asOf.slice(0, 10)}</time>. ${report.mode.note}
          </p>
          ${report.partialReason === null ? null : html`<p class="partial"><strong>Partial report.</strong> ${report.partialReason}</p>`}
          ${report.notice === null ? null : html`<p class="notice">${report.notice}</p>`}
          ${report.sections.map(
            ({ heading, sentences }) =>
              html`<section>
                <h2>${heading}</h2>
                ${sentences.map(renderSentence)}
              </section> `,
          )}
          ${report.analysis === null ? null : renderAnalysis(report.analysis)} ${renderSources(report)}
          ${renderProof(report)}
        </main>
      </body>
    </html> `;
  return Buffer.from(page.source);
}

function renderSentence({ text, verdict, reason, citations }: ReportSentence): Markup {
  const tone = verdict.replaceAll(' ', '-');
  return html`<p>
      ${text} ${citations.map(renderMark)} <span class="verdict ${tone}" title="${reason}">${verdict}</span>
    </p>
    <details>
      <summary class="faint">Where it comes from</summary>
      <p class="faint">${reason}</p>
      ${citations.map(
        (citation) =>
          html`<blockquote>${citation.quote}</blockquote>
            <p class="faint">
              Source <a href="#source-${citation.n}">${citation.n}</a>, characters ${citation.start} to
              ${citation.end}${pagesOf(citation)}
            </p> `,
      )}
    </details> `;
}

function renderMark({ n }: ReportCitation): Markup {
  return html`<cite><a href="#source-${n}">[${n}]</a></cite>`;
}

function pagesOf({ pages }: ReportCitation): string {
  if (pages.length === 0) return '';
  return pages.length === 1 ? `, page ${String(pages[0])}` : `, pages ${String(pages[0])} to ${String(pages.at(-1))}`;
}

function renderSources({ sources }: Report): Markup | null {
  if (sources.length === 0) return null;
  return html`<section>
    <h2>Sources</h2>
    <table>
      <thead>
        <tr>
          <th>No.</th>
          <th>Source</th>
          <th>Cited</th>
        </tr>
      </thead>
      <tbody>
        ${sources.map(
          (source) =>
            html`<tr id="source-${source.n}">
              <td>${source.n}</td>
              <td>
                ${renderTitle(source)}<br /><span class="faint">${factsOf(source)}</span><br /><code
                  >sha256 ${source.sha256}</code
                >
              </td>
              <td>${source.cited}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </section> `;
}

function renderTitle({ title, url, documentId }: ReportSource): Markup {
  const address = webAddress(url);
  const shown = title.trim() === '' ? (address ?? documentId ?? 'Untitled') : title;
  if (address === null) return html`${shown}`;
  return html`<a href="${address}" rel="noopener noreferrer nofollow" target="_blank">${shown}</a>`;
}

function factsOf({ provider, publishedAt, fetchedAt, contentType, language, documentId }: ReportSource): string {
  return [
    documentId === null ? provider : `document ${documentId}`,
    contentType,
    ...(language === null ? [] : [language]),
    ...(publishedAt === null ? [] : [`published ${publishedAt.slice(0, 10)}`]),
    `read ${fetchedAt.slice(0, 10)}`,
  ].join(', ');
}

/** How it came about: what judged, what failed, what it cost. */
function renderProof(report: Report): Markup {
  const { mode, counts, searches, warnings, limits, degraded } = report;
  return html`<section>
    <h2>How this report came about</h2>
    ${drawBars(
      'Sentences by verdict',
      Object.entries(counts.verdicts).map(([label, value]) => ({ label, value, tone: label.replaceAll(' ', '-') })),
    )}
    ${drawBars(
      'Citations by source',
      report.sources
        .filter(({ cited }) => cited > 0)
        .slice(0, 20)
        .map(({ n, title, cited }) => ({ label: `[${String(n)}] ${title}`, value: cited })),
    )}
    <dl>
      <dt>Search</dt>
      <dd>${mode.search.join(', ')}</dd>
      <dt>Written by</dt>
      <dd>${mode.synthesis}</dd>
      <dt>Embeddings</dt>
      <dd>${mode.embeddings}</dd>
      <dt>Verification</dt>
      <dd>${mode.verification}</dd>
      <dt>Spent</dt>
      <dd>${amounts(report.spent)}</dd>
      <dt>Budget</dt>
      <dd>${amounts(report.budget)}</dd>
      <dt>Left out</dt>
      <dd>${counts.droppedCitations} citations of nothing, ${counts.droppedLinks} addresses that a model wrote</dd>
    </dl>
    ${list('What the verdicts cannot see', limits)} ${list('What was away meanwhile', degraded)}
    ${list(
      'Warnings',
      warnings.map(({ subject, message }) => (subject === null ? message : `${subject}: ${message}`)),
    )}
    ${
      searches.length === 0
        ? null
        : html`<h3>Searches</h3>
            <table>
              <thead>
                <tr>
                  <th>Provider</th>
                  <th>Query</th>
                  <th>Outcome</th>
                </tr>
              </thead>
              <tbody>
                ${searches.map(
                  ({ provider, query, status, hits, reason }) =>
                    html`<tr>
                      <td>${provider}</td>
                      <td>${query}</td>
                      <td>${reason ?? `${status}, ${String(hits)} found`}</td>
                    </tr> `,
                )}
              </tbody>
            </table>`
    }
  </section> `;
}

function list(title: string, items: readonly string[]): Markup | null {
  if (items.length === 0) return null;
  return html`<h3>${title}</h3>
    <ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul> `;
}

function amounts(given: Report['spent']): string {
  return Object.entries(given)
    .map(([name, amount]) => `${name.replaceAll('_', ' ')} ${String(amount)}`)
    .join(', ');
}
