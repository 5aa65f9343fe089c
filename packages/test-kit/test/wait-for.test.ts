import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';

describe('waitFor', () => {
  it('gives back the first truthy answer', async () => {
    let calls = 0;
    expect(await waitFor(() => (++calls === 3 ? 'three' : null), { intervalMs: 1 })).toBe('three');
  });

  it('takes a condition that throws for not yet, and names its last error when it gives up', async () => {
    const never = waitFor(() => Promise.reject(new Error('still closed')), { timeoutMs: 30, what: 'the door' });
    await expect(never).rejects.toEqual(
      new Error('Waited 30 ms in vain for the door.', { cause: new Error('still closed') }),
    );
  });
});
