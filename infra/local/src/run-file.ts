import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Mesh, MeshAddresses } from './start-mesh.ts';

/** What `run.json` says while the mesh runs, for tools beside it. */
export interface RunFile extends MeshAddresses {
  ready: boolean;
  services: Readonly<Record<string, { url: string; adminUrl: string; pid: number }>>;
}

/** Written in one piece and readable by us alone, for it holds the stores' passwords. */
export function writeRunFile(file: string, ready: boolean, addresses: MeshAddresses, services: Mesh['services']): void {
  const { gatewayUrl, gatewayUrls, postgresUrl, redisUrl, chromaUrl, adminKeyFile } = addresses;
  const content: RunFile = {
    ready,
    gatewayUrl,
    gatewayUrls,
    services: Object.fromEntries(
      Object.values(services).map(({ name, url, adminUrl, pid }) => [name, { url, adminUrl, pid }]),
    ),
    postgresUrl,
    redisUrl,
    chromaUrl,
    adminKeyFile,
  };
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** `null` when there is none. */
export function readRunFile(file: string): RunFile | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunFile;
  } catch {
    return null;
  }
}

export function removeRunFile(file: string): void {
  rmSync(file, { force: true });
}
