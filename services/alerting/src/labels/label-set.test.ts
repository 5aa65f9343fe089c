import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compareStrings } from './compare-strings.ts';
import {
  compareLabelSets,
  fingerprintOf,
  formatLabelSet,
  sameLabels,
  withoutEmptyLabels,
  type LabelSet,
} from './label-set.ts';

const { vectors } = JSON.parse(
  readFileSync(new URL('../../test/vectors/am-fingerprint-vectors.json', import.meta.url), 'utf8'),
) as { vectors: { labels: LabelSet; fingerprint: string }[] };

describe('the fingerprint of a label set (MX-8)', () => {
  it('equals the one that Alertmanager gave, for each of its 18 answers', () => {
    expect(vectors).toHaveLength(18);
    for (const { labels, fingerprint } of vectors)
      expect([labels, fingerprintOf(labels)]).toEqual([labels, fingerprint]);
  });

  it('does not depend on the order in which labels are written', () => {
    expect(fingerprintOf({ b: '2', a: '1' })).toBe(fingerprintOf({ a: '1', b: '2' }));
    expect(fingerprintOf({ ab: 'c' })).not.toBe(fingerprintOf({ a: 'bc' }));
  });
});

describe('label sets', () => {
  it('are ordered by the bytes of UTF-8, also where UTF-16 would say otherwise', () => {
    const words = ['z', 'é', '\uffee', '🙂', 'a', '', 'ab'];
    const byBytes = [...words].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...words].sort(compareStrings)).toEqual(byBytes);
  });

  it('compare by their number of labels, then name by name', () => {
    expect(compareLabelSets({ z: '1' }, { a: '1', b: '1' })).toBeLessThan(0);
    expect(compareLabelSets({ a: '1', b: '2' }, { a: '1', b: '1' })).toBeGreaterThan(0);
    expect(compareLabelSets({ b: '1' }, { a: '1' })).toBeLessThan(0);
    expect(compareLabelSets({ a: '1' }, { a: '1' })).toBe(0);
  });

  it('print as they stand in the key of a group', () => {
    expect(formatLabelSet({ tenant: 'acme', alertname: 'LatencyHigh' })).toBe(
      '{alertname="LatencyHigh", tenant="acme"}',
    );
    expect(formatLabelSet({ msg: 'Σ 🙂 "q" \\ \n\u0001\u200b' })).toBe('{msg="Σ 🙂 \\"q\\" \\\\ \\n\\x01\\u200b"}');
    expect(formatLabelSet({})).toBe('{}');
  });

  it('are the same when names and values are, and lose what is empty', () => {
    expect(sameLabels({ a: '1', b: '' }, { a: '1' })).toBe(false);
    expect(sameLabels(withoutEmptyLabels({ a: '1', b: '' }), { a: '1' })).toBe(true);
  });
});
