export { AppModule } from './app.module.js';
export type { CompatRules, Rule } from './config/compat-rules.js';
export { type Config, ConfigError } from './config/config.js';
export { type ConfigReading, loadConfig } from './config/load-config.js';
export { configureApp, createApp } from './create-app.js';
export { HttpOptions } from './http/http-options.js';
export { type AdapterType, newAdapter } from './http/new-adapter.js';
export type { ServerAdapter } from './http/server-adapter.js';
