import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allRoutes } from '@signalbox/contracts';
import { version } from '../app/version.ts';
import { gatewayOpenApi } from './gateway-openapi.ts';

// Writes the committed copy, or the file named as the argument: a check compares the two.
const path = process.argv[2] ?? fileURLToPath(new URL('../../openapi.json', import.meta.url));
writeFileSync(path, `${JSON.stringify(gatewayOpenApi(allRoutes, version), null, 2)}\n`);
