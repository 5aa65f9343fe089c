import { waitFor } from '@signalbox/test-kit';
import type { CallerIdentity } from '@signalbox/identity';
import { aCaller, type JsonAnswer, type TestService } from './harness.ts';

/** Documents about one subject, each with something that no other says. */
export const notes: Readonly<Record<string, string>> = {
  'honey.md':
    '# Honey\n\nHoney bees store honey in wax cells as food for the winter. A strong colony needs about 20 kilograms of honey ' +
    'to survive a cold winter. Beekeepers weigh their hives in autumn to learn whether the bees have enough.\n',
  'pollen.md':
    '# Pollen\n\nPollen is the only source of protein that honey bees have. Nurse bees eat pollen and feed larvae with royal ' +
    'jelly. A colony collects 30 kilograms of pollen in a year.\n',
  'varroa.md':
    '# Varroa\n\nThe mite Varroa destructor is the most dangerous parasite of the western honey bee. Mites weaken bees and ' +
    'transmit viruses. Beekeepers treat colonies with oxalic acid in December.\n',
};

export function researcher(): CallerIdentity {
  return aCaller({ scopes: ['research:read', 'research:write', 'documents:read', 'documents:write', 'admin'] });
}

export async function uploadNotes(
  service: TestService,
  caller: CallerIdentity,
  files: Readonly<Record<string, string>> = notes,
): Promise<string[]> {
  const ids: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const form = new FormData();
    form.set('file', new Blob([text], { type: 'text/markdown' }), name);
    const answer = await service.fetch('/api/v1/documents', { method: 'POST', body: form }, caller);
    const body = (await answer.json()) as { id: string };
    if (answer.status !== 202) throw new Error(`no document: ${JSON.stringify(body)}`);
    ids.push(body.id);
  }
  return ids;
}

export async function begin(
  service: TestService,
  caller: CallerIdentity,
  request: Record<string, unknown>,
): Promise<string> {
  const { status, body } = await service.post('/api/v1/research', request, { caller });
  if (status !== 202) throw new Error(`no research: ${String(status)} ${JSON.stringify(body)}`);
  return String(body['id']);
}

/** Waits until a job is in one of these states, and gives it. */
export async function jobIn(
  service: TestService,
  caller: CallerIdentity,
  id: string,
  ...statuses: readonly string[]
): Promise<JsonAnswer['body']> {
  let last: JsonAnswer['body'] = {};
  await waitFor(
    async () => {
      last = (await service.get(`/api/v1/research/${id}`, caller)).body;
      if (!statuses.includes(String(last['status']))) throw new Error(JSON.stringify(last));
      return true;
    },
    { timeoutMs: 20_000, intervalMs: 50, what: `research that is ${statuses.join(' or ')}` },
  );
  return last;
}
