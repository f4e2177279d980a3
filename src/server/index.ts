export { AppModule } from './app.module.js';
export type { CompatRules, Rule } from './config/compat-rules.js';
export { type Config, ConfigError } from './config/config.js';
export { type ConfigReading, loadConfig } from './config/load-config.js';
export { configureApp, createApp } from './create-app.js';
export { createExpressServer } from './http/express-server.js';
export { HttpOptions } from './http/http-options.js';
export { JsonExpressAdapter } from './http/json-express.adapter.js';
