/** A worker of tasks in a process of its own, to be killed. */
import { IdentityKeys } from '@signalbox/identity';
import { answerOver, startTestSystems } from './systems-harness.ts';

const { DATABASE_URL = '', REDIS_URL = '', IDENTITY_KEYS = '', PREFIX = '', PROVIDER_URL = '' } = process.env;
const answer = answerOver(PROVIDER_URL);

const { url } = await startTestSystems({
  databaseUrl: DATABASE_URL,
  redisUrl: REDIS_URL,
  identityKeys: IdentityKeys.parse(IDENTITY_KEYS),
  queuePrefix: PREFIX,
  // The provider learns who asks, so that the test knows whom to kill.
  answer: (command, sink, signal) =>
    answer({ ...command, body: { ...command.body, user: `pid-${String(process.pid)}` } }, sink, signal),
});

console.log(url);
