import { createRequire } from 'node:module';

const packageFile = import.meta.url.includes('/dist/') ? '../../../package.json' : '../../package.json';

/** The version of this gateway, as its package has it. */
export const version = (createRequire(import.meta.url)(packageFile) as { version: string }).version;
