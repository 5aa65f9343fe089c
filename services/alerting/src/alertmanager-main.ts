import { runService } from '@signalbox/http';
import { createLogger } from '@signalbox/telemetry';
import { programName, startAlertmanager } from './app/alertmanager-app.ts';
import { readFlags } from './alertmanager/read-flags.ts';

const reading = readFlags(process.argv.slice(2));
switch (reading.kind) {
  case 'help':
  case 'version':
    console.log(
      `${programName} 0.1.0, in Alertmanager's stead; its flags are described by services/alerting/README.md`,
    );
    break;
  case 'refused':
    console.error(`${programName}: error: ${reading.reason}`);
    process.exitCode = 1;
    break;
  case 'run':
    await runService(async (owned) => {
      const { DATABASE_URL: databaseUrl } = process.env;
      if (databaseUrl === undefined || databaseUrl === '')
        throw new Error('DATABASE_URL names no Postgres; `npm run alertmanager` brings one.');
      const logger = createLogger({ service: programName, level: reading.flags.logLevel });
      const running = await startAlertmanager({ flags: reading.flags, databaseUrl, logger, owned });
      process.on('SIGHUP', () => void running.reload());
    });
    break;
}
