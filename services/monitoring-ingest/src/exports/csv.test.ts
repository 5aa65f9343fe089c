import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from './csv.ts';

/** A reader of RFC 4180 for one record, written from its grammar. */
function readLine(line: string): string[] {
  const cells: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(,|\r\n)/.exec(rest);
    const plain = quoted ?? /^([^",\r\n]*)(,|\r\n)/.exec(rest);
    if (plain === null) throw new Error(`not RFC 4180: ${JSON.stringify(rest)}`);
    const text = plain[1] ?? '';
    cells.push(quoted === null ? text : text.replaceAll('""', '"'));
    rest = rest.slice(plain[0].length);
    if (plain[2] === '\r\n') break;
  }
  expect(rest).toBe('');
  return cells;
}

describe('lines of CSV (MX-27)', () => {
  it('give back every text and number to a reader of RFC 4180', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true })), { minLength: 1 }),
        (cells) => {
          const read = readLine(csvLine(cells));
          expect(read.map((cell, index) => (cell === `'${String(cells[index])}` ? cell.slice(1) : cell))).toEqual(
            cells.map(String),
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('let no text begin what a spreadsheet takes for a formula', () => {
    for (const text of ['=1+1', '+1', '-1', '@sum', '\t=1', '\r=1', '  =1', '=cmd|"/c calc"!A0', '＝1', '\n+1']) {
      const [cell] = readLine(csvLine([text]));
      expect(cell).toBe(`'${text}`);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(readLine(csvLine([text]))[0]).not.toMatch(/^\s*[=+\-@]/);
      }),
    );
  });

  it('leave numbers alone, also below zero, and write nothing for what is absent', () => {
    expect(csvLine([-1.5, 1e21, 0, true, null, undefined, ''])).toBe('-1.5,1e+21,0,true,,,\r\n');
  });

  it('write an object as its JSON, quoted', () => {
    expect(csvLine([{ a: 'x,"y"' }, [1, 2]])).toBe('"{""a"":""x,\\""y\\""""}","[1,2]"\r\n');
  });
});
