export { AlxAppModule } from './alx-app.module.js';
export { ALX_RULES } from './alx-rules.js';
export { AlxModule } from './alx.module.js';
export { configureAlxApp, createAlxApp } from './create-alx-app.js';
