import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Client } from 'pg';
import { PASSWORD, Visitor } from './support/app.js';
import { Server, newFolder, operate } from './support/server.js';
import { describeWithPostgres, newSchema } from './support/services.js';

/** What `docs/storage.md` grants to the role `app` in the schema `auth`. */
function grantsOfTheDocs(): string {
  const [, grants] = /```sql\n(grant usage[^`]+)```/.exec(readFileSync('docs/storage.md', 'utf8'))!;
  return grants!;
}

describeWithPostgres('A server that may not create tables', () => {
  it('starts on those that the printed SQL has created in a new schema, with the rights of the docs, and users sign in', async () => {
    const schema = await newSchema();
    const [own, role] = [`${schema.name}_own`, `${schema.name}_user`];
    const admin = new Client({ connectionString: schema.url });
    await admin.connect();
    await admin.query(`create role ${role} login`);
    const url = new URL(schema.url);
    url.username = role;
    url.search = '';
    const variables = { DATABASE_URL: url.href, DATABASE_SCHEMA: own, TABLE_PREFIX: 'login_' };
    const folder = newFolder();
    try {
      expect((await operate(folder, ['migrate'], { variables })).stderr).toContain('permission denied');
      const { code, stdout } = await operate(folder, ['migrate', '--sql'], { variables });
      expect(code).toBe(0);
      await admin.query(stdout);
      await admin.query(
        grantsOfTheDocs()
          .replaceAll('auth.coatcheck_', `${own}.login_`)
          .replaceAll('schema auth', `schema ${own}`)
          .replaceAll('to app;', `to ${role};`),
      );
      const args = ['user', 'create', '--email', 'ann@example.com', '--password-stdin'];
      const created = await operate(folder, args, { variables, input: PASSWORD });
      expect(created).toMatchObject({ code: 0, stderr: '' });
      const server = await Server.start(folder, variables);
      const ann = new Visitor(`${server.url}/api/v1`, {});
      expect((await ann.login('ann@example.com')).status).toBe(200);
      expect((await ann.get('/users/me')).status).toBe(200);
      expect((await ann.delete('/auth_session/logout')).status).toBe(200);
      expect(await server.stop()).toBe(0);
    } finally {
      await admin.query(
        `drop schema if exists ${own} cascade; drop owned by ${role} cascade; drop role ${role}`,
      );
      await admin.end();
      await schema.drop();
    }
  });
});
