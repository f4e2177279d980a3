/** Uses `coatcheck/server` or `coatcheck/alx`; prints the statuses of answers, or why there are none. */
import { NestFactory } from '@nestjs/core';
import { useContainer } from 'class-validator';
import { SessionsModule, StorageModule } from 'coatcheck';
import { AlxModule } from 'coatcheck/alx';
import { type AdapterType, createApp } from 'coatcheck/server';
import { AppModule } from './app.module.js';

const [, , use = '', adapter = 'express'] = process.argv as [string, string, string?, AdapterType?];

const USES: Readonly<Record<string, () => Promise<string>>> = {
  async server() {
    const app = await createApp(AppModule, { adapter }, { logger: ['error'] });
    useContainer(app.select(AppModule), { fallbackOnErrors: true });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const send = (width: unknown) =>
      fetch(`${url}/api/v1/pages/echo`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ text: 'Hello stranger', size: { width } }),
      });
    const answers = [await send(3), await send('wide'), await fetch(`${url}/openapi.json`)];
    await app.close();
    return JSON.stringify(answers.map(({ status }) => status));
  },
  async alx() {
    const imports = [
      StorageModule.forRoot({ database: 'memory:' }),
      SessionsModule.forRoot(),
      AlxModule.forRoot({ auth: { type: 'session_auth' } }),
    ];
    const module = { module: class {}, imports };
    const app = await NestFactory.create(module, { logger: false, abortOnError: false });
    await app.init();
    await app.close();
    return 'started';
  },
};

USES[use]?.().then(
  (result) => process.stdout.write(result),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
