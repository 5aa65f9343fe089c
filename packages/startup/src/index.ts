export {
  openStartup,
  type Startup,
  type StartupOptions,
  type StartupParts,
  type StartupSettings,
} from './open-startup.ts';
export { runDeadLetters } from './run-dead-letters.ts';
