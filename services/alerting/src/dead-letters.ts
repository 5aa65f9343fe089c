import { runDeadLetters } from '@signalbox/startup';

const { ok, text } = await runDeadLetters('alerting', process.env, process.argv.slice(2));
process.stdout.write(text);
if (!ok) process.exitCode = 1;
