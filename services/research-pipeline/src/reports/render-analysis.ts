import type { Analysis, Finding, Located } from '../analysis/analysis.ts';
import { drawBars } from './draw-chart.ts';
import { html, type Markup } from './markup.ts';

/** The analysis: each item with its sources, and each part that is absent with the reason. */
export function renderAnalysis(analysis: Analysis): Markup {
  const { summary, entities, topics, timeline, relations, sentiment, relatedQuestions, credibility } = analysis;
  return html`<section>
    <h2>Analysis</h2>
    ${part('Summary', summary, (items) => html`${items.map((one) => html`<p>${one.text} ${marks(one)}</p>`)}`)}
    ${part(
      'Names',
      entities,
      (items) =>
        html`<ul>
          ${items.map(
            (one) =>
              html`<li>
                ${one.name}${one.type === null ? null : ` (${one.type})`}, ${one.mentions} times ${marks(one)}
              </li>`,
          )}
        </ul>`,
    )}
    ${part(
      'Topics',
      topics,
      (items) =>
        html`${drawBars(
            'Weight of the topics, in percent',
            items.map(({ name, weight }) => ({ label: name, value: Math.round(weight * 100) })),
          )}
          <ul>
            ${items.map((one) => html`<li>${one.name} ${marks(one)}</li>`)}
          </ul>`,
    )}
    ${part(
      'Timeline',
      timeline,
      (items) =>
        html`<dl>
          ${items.map(
            (one) =>
              html`<dt>${one.date}</dt>
                <dd>${one.text} ${marks(one)}</dd>`,
          )}
        </dl>`,
    )}
    ${part(
      'Relations',
      relations,
      (items) =>
        html`<ul>
          ${items.map(
            (one) => html`<li>${one.from} ${one.predicate ?? 'is named together with'} ${one.to} ${marks(one)}</li>`,
          )}
        </ul>`,
    )}
    ${part(
      'Tone',
      sentiment,
      (items) =>
        html`<ul>
          ${items.map((one) => html`<li>${one.label} (${one.score.toFixed(2)}) ${marks(one)}</li>`)}
        </ul>`,
    )}
    ${part(
      'Questions that follow',
      relatedQuestions,
      (items) =>
        html`<ul>
          ${items.map((one) => html`<li>${one.question} ${marks(one)}</li>`)}
        </ul>`,
    )}
    ${part(
      'What can be said of the sources',
      credibility,
      (items) =>
        html`<ul>
          ${items.map(
            ({ n, signals, agreesWith }) =>
              html`<li>
                Source <a href="#source-${n}">${n}</a>:
                ${signals
                  .map(({ name, value }) => `${name}: ${value}`)
                  .concat(agreesWith.length === 0 ? [] : [`agrees with ${agreesWith.join(', ')}`])
                  .join('; ')}
              </li>`,
          )}
        </ul>`,
    )}
  </section> `;
}

function part<Items>(title: string, finding: Finding<Items>, show: (items: Items) => Markup): Markup {
  return html`<h3>${title}</h3>
    ${
      finding.status === 'absent'
        ? html`<p class="faint">Absent: ${finding.reason}</p>`
        : html`${show(finding.items)}
            <p class="faint">How: ${finding.method}</p>`
    } `;
}

function marks({ citations }: Located): Markup {
  const numbers = [...new Set(citations.map(({ n }) => n))].slice(0, 8);
  return html`${numbers.map((n) => html`<cite><a href="#source-${n}">[${n}]</a></cite>`)}`;
}
