import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { ChildExit } from '../src/child.ts';
import { keepRunning, type Part } from '../src/keep-running.ts';
import { until } from '../src/until.ts';

/** A process that ends when it is told to, and can be made unable to start. */
function makePart() {
  let end: (exit: ChildExit) => void = () => undefined;
  let exited = new Promise<ChildExit>((resolve) => (end = resolve));
  const counted = { starts: 1, failuresLeft: 0 };
  const part: Part = {
    get exited() {
      return exited;
    },
    restart: async () => {
      await turn();
      if (counted.failuresLeft > 0) {
        counted.failuresLeft -= 1;
        throw new Error('The disk is full.');
      }
      exited = new Promise<ChildExit>((resolve) => (end = resolve));
      counted.starts += 1;
    },
    lastLines: () => 'its last words',
  };
  return {
    part,
    counted,
    die: () => {
      end({ code: null, signal: 'SIGKILL' });
    },
  };
}

function keep(parts: { services?: Record<string, Part>; stores?: Record<string, Part> }) {
  const sentences: string[] = [];
  const states: boolean[] = [];
  const kept = keepRunning({
    services: {},
    stores: {},
    storeRestMs: 1,
    ...parts,
    told: (sentence) => sentences.push(sentence),
    changed: (allRun) => states.push(allRun),
  });
  return { kept, sentences, states };
}

const reaches = (check: () => void) =>
  until(
    async () => {
      await turn();
      check();
    },
    { timeoutMs: 10_000 },
  );

describe('keepRunning', () => {
  it('starts a service again that ended, says so, and says when all run', async () => {
    const { part, counted, die } = makePart();
    const { kept, sentences, states } = keep({ services: { router: part } });
    die();
    await reaches(() => {
      expect(states).toEqual([false, true]);
    });
    expect(counted.starts).toBe(2);
    expect(sentences).toEqual(['router has ended by SIGKILL. Its last lines:\nits last words\nIt is started again.']);
    kept[Symbol.dispose]();
  });

  it('gives up on a service that ends five times within a minute', async () => {
    const { part, counted, die } = makePart();
    const { kept } = keep({ services: { router: part } });
    for (let ends = 1; ends <= 4; ends += 1) {
      die();
      await reaches(() => {
        expect(counted.starts).toBe(ends + 1);
      });
    }
    die();
    expect(await kept.failed).toBe('router has ended by SIGKILL. Its last lines:\nits last words');
    expect(counted.starts).toBe(5);
  });

  it('gives up on a service that does not start again', async () => {
    const { part, counted, die } = makePart();
    counted.failuresLeft = 1;
    const { kept } = keep({ services: { router: part } });
    die();
    expect(await kept.failed).toBe('The disk is full.');
  });

  it('starts a store until it stays', async () => {
    const { part, counted, die } = makePart();
    counted.failuresLeft = 7;
    const { kept, sentences, states } = keep({ stores: { redis: part } });
    die();
    await reaches(() => {
      expect(states).toEqual([false, true]);
    });
    expect(sentences.filter((sentence) => sentence === 'The disk is full.')).toHaveLength(7);
    kept[Symbol.dispose]();
  });

  it('lets everything end once it is disposed of', async () => {
    const { part, counted, die } = makePart();
    const { kept, states } = keep({ services: { router: part } });
    kept[Symbol.dispose]();
    die();
    await part.exited;
    await turn();
    expect({ starts: counted.starts, states }).toEqual({
      starts: 1,
      states: [],
    });
  });
});
