export { ConfigError } from './config-error.ts';
export { describeSettings } from './describe-settings.ts';
export { openConfigFile, type ConfigFile, type ConfigFileOptions } from './open-config-file.ts';
export { parseEnv } from './parse-env.ts';
export { readVariable } from './read-variable.ts';
