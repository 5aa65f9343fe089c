import { html, type Markup } from './markup.ts';

export interface Bar {
  label: string;
  value: number;
  /** A class of the page's style. */
  tone?: string;
}

const [rowHeight, labelWidth, barWidth, valueWidth] = [22, 190, 300, 50];
const labelCharactersMax = 30;

/** Bars, one below the other, as a picture that stands in the page itself. Null where there is nothing to compare. */
export function drawBars(title: string, bars: readonly Bar[]): Markup | null {
  const most = Math.max(...bars.map(({ value }) => value), 0);
  if (bars.length === 0 || most <= 0) return null;
  const height = bars.length * rowHeight;
  const width = labelWidth + barWidth + valueWidth;
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg
      role="img"
      aria-label="${describe(title, bars)}"
      viewBox="0 0 ${width} ${height}"
      width="${width}"
      height="${height}"
    >
      ${bars.map(
        ({ label, value, tone = 'plain' }, index) =>
          html`<text x="0" y="${index * rowHeight + 15}">${shortened(label)}</text
            ><rect
              class="${tone}"
              x="${labelWidth}"
              y="${index * rowHeight + 3}"
              width="${Math.max(1, Math.round((value / most) * barWidth))}"
              height="${rowHeight - 6}"
            /><text x="${labelWidth + 6 + Math.round((value / most) * barWidth)}" y="${index * rowHeight + 15}"
              >${value}</text
            > `,
      )}
    </svg>
  </figure> `;
}

function describe(title: string, bars: readonly Bar[]): string {
  return `${title}: ${bars.map(({ label, value }) => `${label} ${value}`).join(', ')}`;
}

function shortened(label: string): string {
  const characters = Array.from(label);
  return characters.length <= labelCharactersMax ? label : `${characters.slice(0, labelCharactersMax - 1).join('')}…`;
}
