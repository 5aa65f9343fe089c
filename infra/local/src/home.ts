import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The folder that holds everything of one mesh on this machine, and the names of what is in it. */
export interface Home {
  folder: string;
  /** Passwords and keys, made once. */
  secrets: string;
  /** One record for each process that runs. */
  processes: string;
  adminKeyFile: string;
  runFile: string;
  lockFile: string;
  data: (name: string) => string;
  logFile: (name: string) => string;
}

/** Makes the folder when it is absent. */
export function openHome(folder: string): Home {
  for (const made of [folder, join(folder, 'data')]) {
    mkdirSync(made, { recursive: true });
    // As root our Postgres is somebody else, who has to walk through here to its data. Walking is not looking.
    const { mode } = statSync(made);
    if (process.getuid?.() === 0 && (mode & 0o001) === 0) chmodSync(made, (mode & 0o777) | 0o011);
  }
  return {
    folder,
    secrets: join(folder, 'secrets'),
    processes: join(folder, 'processes'),
    adminKeyFile: join(folder, 'admin-key'),
    runFile: join(folder, 'run.json'),
    lockFile: join(folder, 'lock'),
    data: (name) => join(folder, 'data', name),
    logFile: (name) => join(folder, 'logs', `${name}.log`),
  };
}
