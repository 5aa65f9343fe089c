import { forkFile } from './processes.ts';
import type { Target } from '../target.ts';

/** A model provider with nothing to do, as a process of its own. */
export interface Upstream extends Target {
  /** How many requests it has had. */
  asked(): Promise<number>;
}

export async function startUpstream(): Promise<Upstream> {
  const child = forkFile('upstream.ts');
  const hear = <Message>(kind: string) =>
    new Promise<Message>((resolve) => {
      const listen = (message: { kind: string }): void => {
        if (message.kind !== kind) return;
        child.off('message', listen);
        resolve(message as Message);
      };
      child.on('message', listen);
    });
  const { address } = await hear<{ kind: string; address: { port: number } }>('listening');
  return {
    name: 'upstream',
    label: 'the upstream alone',
    origin: `http://127.0.0.1:${String(address.port)}`,
    headers: {},
    model: 'bench-model',
    pids: () => [child.pid ?? 0],
    async asked() {
      const heard = hear<{ kind: string; count: number }>('asked');
      child.send('asked?');
      return (await heard).count;
    },
    [Symbol.asyncDispose]() {
      child.disconnect();
      return Promise.resolve();
    },
  };
}
