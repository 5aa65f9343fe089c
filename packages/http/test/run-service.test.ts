import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';

type Line = Record<string, unknown> & { event: string };

const fixture = fileURLToPath(new URL('fixtures/service.ts', import.meta.url));
const children: ChildProcess[] = [];

function start(wrong = 'nothing') {
  const child = spawn(process.execPath, ['--conditions=@signalbox/source', fixture, wrong], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: Line[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const [last = '', ...whole] = (rest + chunk).split('\n').reverse();
    rest = last;
    lines.push(...whole.reverse().map((line) => JSON.parse(line) as Line));
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const lineOf = (event: string) => waitFor(() => lines.find((line) => line.event === event), { what: event });
  return { child, lines, exited, lineOf };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('LA-18: the life of a process', () => {
  it('SIGTERM: finishes what runs, closes in reverse order, ends with 0', async () => {
    const { child, lines, exited, lineOf } = start();
    const { url, admin_url: adminUrl } = await lineOf('fixture.ready');
    const slow = fetch(`${String(url)}/slow`).then((answer) => answer.text());
    await waitFor(async () =>
      /http_requests_in_progress 1/.test(await (await fetch(`${String(adminUrl)}/metrics`)).text()),
    );
    child.kill('SIGTERM');
    expect(await slow).toBe('finished');
    expect(await exited).toBe(0);
    const order = lines
      .map((line) => line.event)
      .filter((event) => event.startsWith('closed.') || event === 'http.drained');
    expect(order).toEqual(['closed.last_opened', 'http.drained', 'http.drained', 'closed.first_opened']);
  });

  it('a failed start is one line, closes what was open, and ends with 1', async () => {
    const { lines, exited } = start('fails_to_start');
    expect(await exited).toBe(1);
    expect(lines.filter((line) => line['level'] === 'error').map((line) => line.event)).toEqual([
      'process.start_failed',
    ]);
    expect(lines.map((line) => line.event)).toContain('closed.first_opened');
  });

  it('an unhandled rejection is logged and ends with 1', async () => {
    const { lines, exited, lineOf } = start();
    const { url } = await lineOf('fixture.ready');
    await fetch(`${String(url)}/reject`).catch(() => undefined);
    expect(await exited).toBe(1);
    expect(lines.map((line) => line.event)).toContain('process.unhandled_rejection');
  });

  it('a shutdown that hangs or fails is told, and ends with 1', async () => {
    for (const [wrong, event] of [
      ['hangs', 'process.shutdown_hangs'],
      ['fails_to_close', 'process.shutdown_failed'],
    ] as const) {
      const { child, exited, lineOf } = start(wrong);
      await lineOf('fixture.ready');
      child.kill('SIGTERM');
      await lineOf(event);
      expect(await exited).toBe(1);
    }
  });

  it('a second signal ends a shutdown that takes too long', async () => {
    const { child, exited, lineOf } = start('hangs');
    await lineOf('fixture.ready');
    child.kill('SIGTERM');
    await lineOf('closed.first_opened');
    child.kill('SIGTERM');
    expect(await exited).toBe(1);
  });

  it('something left open is named, and does not keep the process, which SIGINT ends like SIGTERM', async () => {
    const { child, exited, lineOf } = start('leaves_open');
    await lineOf('fixture.ready');
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    expect((await lineOf('process.left_open'))['resources']).toContain('Timeout');
  });
});
