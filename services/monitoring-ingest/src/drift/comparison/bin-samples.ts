import type { DriftOptions } from '@signalbox/contracts';
import {
  countByEdges,
  countByValue,
  countByWidths,
  decileEdges,
  doaneOnReference,
  hasFewValues,
  sturgesOnBoth,
  type ClosedSide,
  type EqualWidths,
} from '../../stats/bins.ts';
import { sharesOf, type SharePair } from '../../stats/shares.ts';
import { countCategories, type Samples, type Sides } from './samples.ts';

/** So many names or values are told, not all of a million. */
const toldMax = 200;

export type Binning = NonNullable<DriftOptions['binning']>;

/** The same bins on both sides. Counts are null where only shares were given. */
export interface Binned {
  /** What each bin is, as a person reads it. */
  labels: string[];
  counts: Sides<number[]> | null;
  shares: SharePair;
  /** How the bins came to be, for `details`. */
  told: Readonly<Record<string, unknown>>;
}

export type Binnable = Exclude<Samples, { kind: 'embedding' }>;

/** Numbers by the binning asked for, categories one by one, shares as they were given. */
export function binSamples(samples: Binnable, { binning, closed }: { binning: Binning; closed: ClosedSide }): Binned {
  switch (samples.kind) {
    case 'numeric':
      return binNumbers(samples.ascending, binning, closed);
    case 'categorical': {
      const { categories, ...counts } = countCategories(samples.counts);
      return counted(categories, counts, { categories: categories.slice(0, toldMax) });
    }
    case 'probability':
      return {
        labels: samples.shares.reference.map((_, bin) => String(bin)),
        counts: null,
        shares: samples.shares,
        told: {},
      };
  }
}

function binNumbers({ reference, current }: Sides<Float64Array>, binning: Binning, closed: ClosedSide): Binned {
  switch (binning) {
    case 'recommended':
      return binNumbers(
        { reference, current },
        hasFewValues(reference) ? 'by_value' : 'deciles_of_reference',
        'left_closed',
      );
    case 'by_value': {
      const { values, ...counts } = countByValue(reference, current);
      return counted(values.map(String), counts, { binning, values: values.slice(0, toldMax) });
    }
    case 'deciles_of_reference': {
      const edges = decileEdges(reference);
      const counts = {
        reference: countByEdges(reference, edges, closed),
        current: countByEdges(current, edges, closed),
      };
      return counted(edgeLabels(edges, closed), counts, { binning, closed, interior_edges: edges });
    }
    case 'sturges_on_both':
      return byWidths({ reference, current }, sturgesOnBoth(reference, current), binning);
    case 'doane_on_reference':
      return byWidths({ reference, current }, doaneOnReference(reference), binning);
  }
}

function byWidths({ reference, current }: Sides<Float64Array>, widths: EqualWidths, binning: Binning): Binned {
  const [inReference, inCurrent] = [countByWidths(reference, widths), countByWidths(current, widths)];
  const labels = widths.edges
    .slice(1)
    .map((to, bin) => `[${String(widths.edges[bin])}, ${String(to)}${bin === widths.edges.length - 2 ? ']' : ')'}`);
  const told = { binning, bins: labels.length, first_edge: widths.edges[0], last_edge: widths.edges.at(-1) };
  const counts = { reference: inReference.counts, current: inCurrent.counts };
  if (inCurrent.outside === 0) return counted(labels, counts, told);
  return counted(
    [...labels, 'outside'],
    {
      reference: [...counts.reference, inReference.outside],
      current: [...counts.current, inCurrent.outside],
    },
    told,
  );
}

function counted(labels: string[], counts: Sides<number[]>, told: Readonly<Record<string, unknown>>): Binned {
  return { labels, counts, shares: sharesOf(counts), told };
}

/** `(-∞, 1.5)`, `[1.5, 2)`, … `[9, ∞)`, or closed on the right. */
function edgeLabels(edges: readonly number[], closed: ClosedSide): string[] {
  const [left, right] = closed === 'left_closed' ? ['[', ')'] : ['(', ']'];
  return [-Infinity, ...edges].map((from, bin) => {
    const to = edges[bin];
    const start = bin === 0 ? '(-∞' : `${left}${String(from)}`;
    return `${start}, ${to === undefined ? '∞)' : `${String(to)}${right}`}`;
  });
}
