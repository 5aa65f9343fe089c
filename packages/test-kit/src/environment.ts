/** Where the stores of this test run are. Only `npm test` knows, and says so in the environment. */
export function testStore(
  name: 'SIGNALBOX_TEST_POSTGRES_URL' | 'SIGNALBOX_TEST_REDIS_URL' | 'SIGNALBOX_TEST_CHROMA_URL',
): string {
  const url = process.env[name];
  if (url === undefined || url === '')
    throw new Error(`${name} is not set: run tests with \`npm test -- <jest arguments>\`.`);
  return url;
}
