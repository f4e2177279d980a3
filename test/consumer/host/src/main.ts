import { createApplication, listen } from './application.js';
import type { HostOptions } from './options.js';

const options = JSON.parse(process.env['HOST_OPTIONS'] ?? '{}') as HostOptions;
console.log(`ready at ${await listen(await createApplication(options))}`);
