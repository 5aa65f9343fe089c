export { createTestDatabase, type CreateTestDatabaseOptions, type TestDatabase } from './test-database.ts';
export {
  startChromaServer,
  startPostgresServer,
  startRedisServer,
  type PrivateStore,
  type PrivateStoreOptions,
} from './private-stores.ts';
export { testStore } from './environment.ts';
export { waitFor, type WaitForOptions } from './wait-for.ts';
export { simulateAnthropic } from './simulate-anthropic.ts';
export { simulateEmbeddings, type SimulatedEmbeddings } from './simulate-embeddings.ts';
export { simulateGemini } from './simulate-gemini.ts';
export {
  simulateProvider,
  type ProviderBehaviour,
  type ProviderFault,
  type ProviderRequest,
  type SimulatedProvider,
  type SimulatedToolCall,
} from './simulate-provider.ts';
export { simulateS3, type S3Call, type S3Fault, type SimulatedS3 } from './simulate-s3.ts';
export { startHttpSink, type HttpSink, type SinkAnswer, type SunkRequest } from './start-http-sink.ts';
export { smtpCertificate, startSmtpInbox, type SmtpBehaviour, type SmtpInbox } from './start-smtp-inbox.ts';
